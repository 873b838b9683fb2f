"""Output formats: HTML pages, Markdown, plots, model cards, rl_zoo3 YAML, Stable-Baselines3 scripts."""
