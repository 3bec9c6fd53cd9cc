import json

import pytest

from hlx_hf import HLXConfig


@pytest.mark.parametrize(
    ("preset", "sizes"),
    [("tiny", (128, 2, 4, 512)), ("1b", (2048, 20, 16, 8192))],
)
def test_presets_have_the_published_sizes(preset, sizes):
    config = HLXConfig.from_preset(preset)
    assert (config.hidden_size, config.num_hidden_layers, config.num_attention_heads, config.intermediate_size) == sizes
    assert (config.vocab_size, config.max_position_embeddings) == (115, 512)
    assert (config.pad_token_id, config.bos_token_id, config.eos_token_id) == (0, 1, 2)


def test_a_preset_takes_overrides():
    config = HLXConfig.from_preset("1b", num_hidden_layers=3)
    assert (config.num_hidden_layers, config.hidden_size) == (3, 2048)


def test_an_unknown_preset_is_an_error_that_names_the_known():
    with pytest.raises(ValueError, match=r"'huge'.*tiny, 10m, 100m, 1b"):
        HLXConfig.from_preset("huge")
    with pytest.raises(TypeError, match="no field 'hiden_size'"):
        HLXConfig.from_preset("tiny", hiden_size=3)


def test_heads_that_do_not_divide_the_width_are_an_error_that_quotes_both():
    with pytest.raises(ValueError, match=r"hidden_size 130 .* num_attention_heads 4"):
        HLXConfig(hidden_size=130)


@pytest.mark.parametrize("groups", [0, 3])
def test_groups_that_two_layers_cannot_have_are_an_error(groups):
    with pytest.raises(ValueError, match=f"num_hidden_groups {groups} is not from 1 to num_hidden_layers 2"):
        HLXConfig(num_hidden_groups=groups)


def test_tied_embeddings_are_an_error():
    assert HLXConfig().tie_word_embeddings is False
    with pytest.raises(ValueError, match="tie_word_embeddings"):
        HLXConfig(tie_word_embeddings=True)


def test_saving_and_loading_keeps_every_field(tmp_path):
    config = HLXConfig(hidden_size=64, initializer_range=0.01, use_cache=False)
    config.save_pretrained(tmp_path)
    loaded = HLXConfig.from_pretrained(tmp_path)
    assert loaded.to_dict() == {**config.to_dict(), "auto_map": {"AutoConfig": "configuration_hlx.HLXConfig"}}
    assert (loaded.hidden_size, loaded.initializer_range, loaded.use_cache) == (64, 0.01, False)


def test_a_saved_configuration_names_the_pipeline_and_its_own_class(tmp_path):
    config = HLXConfig()
    config.custom_pipelines["text2text-generation"]["pt"] = (HLXConfig,)  # as `transformers.pipeline` leaves it
    config.save_pretrained(tmp_path)
    saved = json.loads((tmp_path / "config.json").read_text())
    assert saved["model_type"] == "hlx"
    assert saved["auto_map"] == {"AutoConfig": "configuration_hlx.HLXConfig"}
    assert saved["custom_pipelines"]["text2text-generation"] == {
        "impl": "pipeline_hlx.HLXPipeline",
        "pt": ["AutoModelForCausalLM"],
        "type": "text",
    }
    assert (tmp_path / "configuration_hlx.py").is_file()
