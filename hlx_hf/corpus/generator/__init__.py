"""Sentences and values drawn at random: as many as training can take, none of them written down.

| module | idea |
|---|---|
| `vocabulary` | dictionary words, and which words are held out |
| `inventions` | names, numbers and texts that are made up |
| `kinds` | what can stand in a slot of the catalogue |
| `lines` | a wording with its slots |
| `catalogue` | all the hand-written wordings of `data/catalogue` |
| `shapes` | imperatives in other shapes, such as participles |
| `questions` | questions whose answers are worked out |
| `typing_style` | capitals, final marks and blanks as people set them |
| `selection` | which of all sentences are drawn, and how often |
| `sentences` | pairs of a sentence and its value |
| `examples` | a few of them for everything that can be asked for |
| `values` | values without English |
| `stream` | both as streams that workers and processes share |
"""
