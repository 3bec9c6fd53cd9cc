import pytest
import torch
from hlx_models import ARROWS, LINES, line_batch, small_model, trained_model
from torch import nn
from torch.testing import assert_close
from transformers import ContinuousBatchingConfig, DynamicCache, GenerationConfig, StaticCache

from hlx_hf import HLXConfig, HLXForCausalLM, load_tokenizer
from hlx_hf.lines_hlx import line_prompt

GREEDY = {"do_sample": False, "max_new_tokens": 12, "eos_token_id": None}
# attention that is causal throughout, or goes both ways within prompts; a test that says nothing is of either, and of
# layers that share weights
KINDS = {
    "causal": {},
    "both ways": {"prompt_end_token_ids": ARROWS},
    "looped": {"num_hidden_layers": 3, "num_hidden_groups": 2},
}
only_causal = pytest.mark.parametrize("model", ["causal"], indirect=True)
only_both_ways = pytest.mark.parametrize("model", ["both ways"], indirect=True)


@pytest.fixture(params=KINDS)
def model(request):
    return small_model(**KINDS[request.param])


@pytest.fixture
def input_ids():
    """Three sequences; prompts end at the arrows of the first two."""
    input_ids = torch.randint(4, min(ARROWS), (3, 20), generator=torch.Generator().manual_seed(1))
    input_ids[0, 5] = ARROWS[0]
    input_ids[0, 10] = input_ids[1, 11] = ARROWS[1]
    return input_ids


@pytest.fixture
def left_padded(input_ids):
    """The rows of `input_ids` with 0, 7 and 19 tokens of padding in front."""
    mask = torch.ones_like(input_ids)
    mask[1, :7] = mask[2, :19] = 0
    return {"input_ids": input_ids * mask, "attention_mask": mask}


@pytest.mark.parametrize(
    ("preset", "count"), [("tiny", 491_635), ("10m", 10_101_235), ("100m", 99_800_179), ("1b", 1_008_685_171)]
)
def test_parameter_counts_are_exact(preset, count):
    with torch.device("meta"):
        model = HLXForCausalLM(HLXConfig.from_preset(preset))
    assert model.num_parameters() == count


def test_layers_in_groups_have_the_weights_of_one_round():
    looped, plain = (small_model(num_hidden_layers=layers, num_hidden_groups=2) for layers in (6, 2))
    assert looped.state_dict().keys() == plain.state_dict().keys()
    assert len(looped(torch.tensor([[1, 5]]), output_hidden_states=True).hidden_states) == 7


def test_fresh_weights_keep_the_size_of_what_goes_through_them():
    torch.manual_seed(0)
    model = HLXForCausalLM(HLXConfig.from_preset("tiny", initializer_range=0.5))
    for name, parameter in model.named_parameters():
        if name.endswith("bias"):
            assert not parameter.any(), name
        elif "norm" in name:
            assert (parameter == 1).all(), name
        elif "embed_positions" not in name:
            std = 0.5 if "embed_tokens" in name else parameter.shape[1] ** -0.5
            assert_close(parameter.std().item(), std, rtol=0.03, atol=0)
            assert_close(parameter.mean().item(), 0.0, rtol=0, atol=0.05 * std)


def test_fresh_positions_are_waves_so_that_a_step_is_the_same_rotation_everywhere():
    positions = HLXForCausalLM(HLXConfig.from_preset("tiny", initializer_range=0.5)).model.embed_positions.weight
    assert_close(positions.norm(dim=1), torch.full((512,), 0.5 * 64**0.5))
    steps = (positions[1:] * positions[:-1]).sum(dim=1)
    assert_close(steps, steps[:1].expand_as(steps), rtol=1e-4, atol=1e-4)
    assert len({tuple(row) for row in positions.tolist()}) == 512


@pytest.mark.parametrize("model", ["causal", "looped"], indirect=True)
def test_requests_that_are_served_side_by_side_get_what_each_gets_alone(model):
    prompts = [[1, 40, 50, 60], [1, 70]]
    settings = GenerationConfig(do_sample=False, max_new_tokens=8, eos_token_id=113, pad_token_id=0)
    pages = ContinuousBatchingConfig(num_blocks=8, max_batch_tokens=64)  # or they would take most of the memory
    served = model.generate_batch(prompts, settings, pages)
    alone = [model.generate(torch.tensor([prompt]), generation_config=settings)[0] for prompt in prompts]
    answers = [answer.generated_tokens for _, answer in sorted(served.items(), key=lambda item: int(item[0][4:]))]
    assert answers == [tokens[len(prompt) :].tolist() for prompt, tokens in zip(prompts, alone, strict=True)]


def test_loaded_positions_are_those_of_the_file(tmp_path):
    model = HLXForCausalLM(HLXConfig.from_preset("tiny"))
    torch.nn.init.normal_(model.model.embed_positions.weight)
    model.save_pretrained(tmp_path)
    loaded = HLXForCausalLM.from_pretrained(tmp_path)
    assert_close(loaded.model.embed_positions.weight, model.model.embed_positions.weight, rtol=0, atol=0)


@pytest.mark.parametrize(("row", "prompt"), [(0, 6), (1, 12), (2, 0)])
def test_logits_are_those_of_torch_transformer_layers(model, input_ids, row, prompt):
    config, base, input_ids = model.config, model.model, input_ids[row : row + 1]
    hidden_states = base.embed_tokens(input_ids) + base.embed_positions.weight[: input_ids.shape[1]]
    mask = nn.Transformer.generate_square_subsequent_mask(input_ids.shape[1])
    if config.prompt_end_token_ids:
        mask[:prompt, :prompt] = 0
    for number in range(config.num_hidden_layers):
        layer = base.layers[number % len(base.layers)]
        reference = nn.TransformerEncoderLayer(
            config.hidden_size,
            config.num_attention_heads,
            config.intermediate_size,
            dropout=0.0,
            activation="relu",
            batch_first=True,
            norm_first=True,
        )
        reference.load_state_dict({name.replace("in_proj.", "in_proj_"): t for name, t in layer.state_dict().items()})
        hidden_states = reference(hidden_states, src_mask=mask)
    expected = hidden_states @ model.lm_head.weight.T + model.lm_head.bias
    assert_close(model(input_ids).logits, expected, atol=1e-5, rtol=1e-5)


def test_eager_and_sdpa_attention_agree(model, left_padded):
    real = left_padded["attention_mask"].bool()
    sdpa = model(**left_padded).logits[real]
    assert model.config._attn_implementation == "sdpa"
    model.set_attn_implementation("eager")
    assert model.config._attn_implementation == "eager"
    assert_close(model(**left_padded).logits[real], sdpa, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("make_cache", [DynamicCache, lambda config: StaticCache(config=config, max_cache_len=32)])
def test_logits_with_a_cache_are_those_without(model, left_padded, make_cache):
    ids, mask = left_padded["input_ids"], left_padded["attention_mask"]
    with torch.no_grad():
        whole = model(**left_padded).logits
        cache = make_cache(config=model.config)
        pieces = [
            model(ids[:, start:stop], attention_mask=mask[:, :stop], past_key_values=cache).logits
            for start, stop in [(0, 12), (12, 13), (13, 20)]
        ]
    real = mask.bool()
    assert_close(torch.cat(pieces, dim=1)[real], whole[real], atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("options", [{"use_cache": False}, {"cache_implementation": "static", "disable_compile": True}])
def test_generation_does_not_depend_on_the_cache(model, left_padded, options):
    expected = model.generate(**left_padded, **GREEDY)
    assert expected.shape == (3, 32)
    assert torch.equal(model.generate(**left_padded, **GREEDY, **options), expected)


def test_a_left_padded_row_is_what_it_is_alone(model, left_padded):
    logits = model(**left_padded).logits
    generated = model.generate(**left_padded, **GREEDY)
    for row, mask in enumerate(left_padded["attention_mask"].bool()):
        alone = left_padded["input_ids"][row : row + 1, mask]
        assert_close(logits[row, mask], model(alone).logits[0], atol=1e-5, rtol=1e-5)
        appended = model.generate(alone, attention_mask=torch.ones_like(alone), **GREEDY)[0, alone.shape[1] :]
        assert torch.equal(generated[row, mask.shape[0] :], appended)


@pytest.mark.parametrize("training", [False, True])
def test_packed_sequences_do_not_see_each_other(model, input_ids, training):
    model.train(training)
    packed = input_ids[:1]
    position_ids = torch.tensor([[*range(8), *range(12)]])
    logits = model(packed, position_ids=position_ids).logits
    assert_close(logits[:, :8], model(packed[:, :8]).logits, atol=1e-5, rtol=1e-5)
    assert_close(logits[:, 8:], model(packed[:, 8:]).logits, atol=1e-5, rtol=1e-5)


def test_logits_to_keep_are_a_part_of_all(model, input_ids):
    logits = model(input_ids).logits
    assert_close(model(input_ids, logits_to_keep=2).logits, logits[:, -2:])
    assert_close(model(input_ids, logits_to_keep=torch.tensor([0, 5])).logits, logits[:, [0, 5]])


@pytest.mark.parametrize("checkpointing", [False, True])
def test_a_mask_of_logits_to_keep_changes_no_loss_and_no_gradient(model, input_ids, checkpointing):
    model.train()
    if checkpointing:
        model.activation_checkpointing_enable()
    labels = input_ids.clone()
    labels[0, :15] = labels[2, 7:] = -100
    predicts = nn.functional.pad(labels[:, 1:] != -100, (0, 1))
    whole = model(input_ids, labels=labels)
    whole.loss.backward()
    expected = [parameter.grad.clone() for parameter in model.parameters()]
    model.zero_grad()
    kept = model(input_ids, labels=labels, logits_to_keep=predicts)
    kept.loss.backward()
    assert kept.logits.shape == (5 + 19 + 6, 115)
    assert_close(kept.logits, whole.logits[predicts])
    assert_close(kept.loss, whole.loss)
    for parameter, gradient in zip(model.parameters(), expected, strict=True):
        assert_close(parameter.grad, gradient, atol=1e-6, rtol=1e-4)


@only_causal
def test_embeddings_can_take_the_place_of_ids(model, input_ids):
    embeddings = model.get_input_embeddings()(input_ids)
    assert_close(model(inputs_embeds=embeddings).logits, model(input_ids).logits)
    with pytest.raises(ValueError, match="either input_ids or inputs_embeds"):
        model(input_ids, inputs_embeds=embeddings)
    with pytest.raises(ValueError, match="either input_ids or inputs_embeds"):
        model()


@only_causal
def test_hidden_states_and_attentions_are_given_on_request(model, input_ids):
    with pytest.raises(ValueError, match=r"'sdpa'.*attn_implementation='eager'"):
        model(input_ids, output_attentions=True)
    model.set_attn_implementation("eager")
    outputs = model(input_ids, output_attentions=True, output_hidden_states=True)
    assert [tuple(states.shape) for states in outputs.hidden_states] == [(3, 20, 32)] * 3
    assert_close(model.lm_head(outputs.hidden_states[-1]), outputs.logits)
    assert len(outputs.attentions) == 2
    for weights in outputs.attentions:
        assert weights.shape == (3, 4, 20, 20)
        assert_close(weights.sum(dim=-1), torch.ones(3, 4, 20))
        assert not weights.triu(diagonal=1).any()


def test_outputs_can_be_a_tuple(model, input_ids):
    logits, cache = model(input_ids, return_dict=False)
    assert_close(logits, model(input_ids).logits)
    assert cache.get_seq_length() == 20


def test_a_sequence_may_fill_the_positions_and_not_pass_them(model):
    full = torch.full((1, 64), 5)
    cache = model(full).past_key_values
    too_long = "65 tokens is too long .* 64 positions"
    with pytest.raises(ValueError, match=too_long):
        model(torch.full((1, 65), 5))
    with pytest.raises(ValueError, match=too_long):
        model(full[:, :1], past_key_values=cache)
    with pytest.raises(ValueError, match=too_long):
        model.generate(full[:, :60], **GREEDY)


def test_forward_compiles_to_one_graph(model, left_padded):
    compiled = torch.compile(model, fullgraph=True, backend="eager")
    assert_close(compiled(**left_padded, use_cache=False).logits, model(**left_padded).logits)


def test_saving_and_loading_gives_the_same_tensors(model, tmp_path):
    model.save_pretrained(tmp_path)
    loaded = HLXForCausalLM.from_pretrained(tmp_path)
    assert not loaded.training
    expected = model.state_dict()
    assert loaded.state_dict().keys() == expected.keys()
    for name, tensor in loaded.state_dict().items():
        assert torch.equal(tensor, expected[name]), name


def test_a_saved_folder_carries_the_code_that_it_needs(model, tmp_path):
    model.save_pretrained(tmp_path)
    code = {"configuration_hlx.py", "lines_hlx.py", "modeling_hlx.py", "pipeline_hlx.py"}
    assert {path.name for path in tmp_path.glob("*.py")} == code


def test_every_parameter_gets_a_gradient(model, input_ids):
    model.train()(input_ids, labels=input_ids).loss.backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.any(), name


def test_labels_are_shifted_once(model, input_ids):
    labels = input_ids.clone()
    labels[0, :5] = -100
    outputs = model(input_ids, labels=labels)
    expected = nn.functional.cross_entropy(outputs.logits[:, :-1].flatten(0, 1), labels[:, 1:].flatten())
    assert_close(outputs.loss, expected)


def test_training_learns_the_answer_and_generates_it():
    model, tokenizer = trained_model(), load_tokenizer()
    assert model(**line_batch()).loss < 0.01
    for text, target, translation in LINES:
        prompt = tokenizer(line_prompt(text, target), return_tensors="pt")
        tokens = model.generate(**prompt, do_sample=False, max_new_tokens=60)[0, prompt["input_ids"].shape[1] :]
        assert tokenizer.decode(tokens) == translation + tokenizer.eos_token


def test_accumulated_gradients_are_those_of_the_whole_batch(model, input_ids):
    labels = input_ids.clone()
    labels[0, :15] = -100  # unequal numbers of labels, which a mean of means would get wrong
    count = (labels[:, 1:] != -100).sum()

    def gradients(steps: list[slice], **kwargs) -> list[torch.Tensor]:
        model.zero_grad()
        for rows in steps:
            model(input_ids[rows], labels=labels[rows], **kwargs).loss.backward()
        return [parameter.grad.clone() for parameter in model.parameters()]

    whole = gradients([slice(None)])
    accumulated = gradients([slice(0, 1), slice(1, 3)], num_items_in_batch=count)
    for gradient, expected in zip(accumulated, whole, strict=True):
        assert_close(gradient, expected, atol=1e-6, rtol=1e-4)


def test_gradient_checkpointing_saves_memory_and_changes_no_gradient(model, input_ids):
    def run() -> tuple[int, list[torch.Tensor]]:
        saved: dict[int, int] = {}

        def pack(tensor: torch.Tensor) -> torch.Tensor:
            saved[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
            return tensor

        model.train().zero_grad()
        with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
            loss = model(input_ids, labels=input_ids).loss
        loss.backward()
        return sum(saved.values()), [parameter.grad.clone() for parameter in model.parameters()]

    plain_bytes, plain = run()
    model.activation_checkpointing_enable()
    checkpointed_bytes, checkpointed = run()
    assert checkpointed_bytes < 0.5 * plain_bytes
    for gradient, expected in zip(checkpointed, plain, strict=True):
        assert_close(gradient, expected)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="a CPU has nobody to wait for")
def test_a_training_step_never_waits_for_the_gpu(model, input_ids):
    model, input_ids = model.cuda().train(), input_ids.cuda()
    labels_count = torch.tensor(input_ids.numel(), device="cuda")
    torch.cuda.set_sync_debug_mode("error")
    try:
        model(input_ids, labels=input_ids, num_items_in_batch=labels_count).loss.backward()
    finally:
        torch.cuda.set_sync_debug_mode("default")


@only_causal
def test_positions_that_nobody_passed_need_no_mask(model, input_ids, monkeypatch):
    masks = []
    build = model.model._causal_mask
    monkeypatch.setattr(model.model, "_causal_mask", lambda *arguments: masks.append(build(*arguments)) or masks[-1])
    model(input_ids)
    model(input_ids[:1], position_ids=torch.tensor([[*range(8), *range(12)]]))
    assert masks[0] is None
    assert masks[1] is not None


@only_both_ways
def test_a_prompt_is_seen_by_its_own_tokens_and_no_answer_is(model, input_ids):
    other_prompt, other_answer = input_ids.clone(), input_ids.clone()
    other_prompt[0, 4] = other_answer[0, 12] = 50
    logits = model(input_ids).logits[0]
    assert not logits[:4].isclose(model(other_prompt).logits[0, :4]).all(dim=-1).any()
    assert_close(model(other_answer).logits[0, :12], logits[:12], atol=1e-5, rtol=1e-5)


@only_both_ways
def test_a_prompt_whose_end_cannot_be_found_or_masked_is_an_error(model, input_ids):
    with pytest.raises(ValueError, match="pass input_ids, not inputs_embeds"):
        model(inputs_embeds=model.get_input_embeddings()(input_ids))
    model.config._attn_implementation = "flash_attention_2"
    with pytest.raises(ValueError, match=r"'flash_attention_2' has no mask .* attn_implementation='sdpa'"):
        model(input_ids)
