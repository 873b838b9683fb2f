"""What is written for people and programs: pages, Markdown, plots, rl_zoo3 YAML, scripts."""
