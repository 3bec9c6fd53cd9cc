"""Decoding that cannot leave the grammar: whatever the weights, what ends is canonical HLX.

| module | idea |
|---|---|
| `symbols` | what a grammar is made of, and how a text moves on in it |
| `numbers` | ints, floats and ids, canonical ones alone |
| `context` | keys that stand once, and indices that ascend |
| `names` | what a request can call things |
| `rules` | the grammar of a notation |
| `schema` | the grammar of one kind of contract |
| `constraint` | the tokens that may come next, so that the text ends in time |
| `coverage` | the words of a request that an answer leaves unsaid |
| `steps` | requests of several steps, cut where the steps are joined |
| `back_translation` | English that comes back as the value that it was made from |
| `deliberation` | a model that is asked more than once for an answer |
| `ebnf` | a grammar written down for engines of context-free grammars |
| `generation` | a `LogitsProcessor` on xgrammar, and decoding that asks the model only where there is a choice |

All but the last needs neither torch nor xgrammar.
"""

from .constraint import Constraint
from .schema import Schema

__all__ = ["Constraint", "Schema"]
