"""Whether an environment can be learnt in, seen before any training: policies that learn nothing, and what they met."""
