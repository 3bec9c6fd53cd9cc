"""Sentences and values drawn at random: as many as training can take, none of them written down.

| module | idea |
|---|---|
| `words` | dictionary words, made-up names, numbers and texts, and which of them are held out |
| `kinds` | what can stand in a slot of the catalogue |
| `catalogue` | the hand-written wordings of `data/catalogue` |
| `questions` | questions whose answers are worked out |
| `sentences` | pairs of a sentence and its value |
| `values` | values without English |
| `stream` | both as streams that workers and processes share |
"""
