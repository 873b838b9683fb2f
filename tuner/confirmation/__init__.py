"""Whether the winner of a study is one: the best trials and the baselines again, on seeds and goals of their own."""
