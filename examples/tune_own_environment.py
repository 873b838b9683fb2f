"""Tunes PPO for a custom environment, confirms the winner and trains it: from Python, in about a minute.

Run it from this folder: `python tune_own_environment.py`. Run the same command to resume after an interruption.
"""

import my_env
import numpy as np

import tuner

# Check the environment before training, with three policies that do not learn (`tuner check`).
looked = tuner.check(my_env.Line, episodes=20)
print(f"check: {looked.verdict}")
for line in looked.of("wrong") + looked.of("warning"):
    print(f"  {line.name}: {line.finding}")

# Search the space `ppo_guide`, the parameters of the PPO guide; the baselines of the study `reach` run first.
study = tuner.tune(my_env.Line, trials=8, timesteps=8192, seed=1, storage="sqlite:///line.db", name="line")
print(study)
for name, value in study.best.params.items():
    print(f"  {name} = {value}")

# One training seed may be luck: train the best trial and the baselines again, on new training and evaluation seeds.
found = study.confirm(seeds=3, top=1)
for one in found.tested:
    print(f"  {one.arm.name}: {found.measure} by seed {[round(value, 2) for value in one.test]}")
print(f"recommended: {found.recommended.name if found.recommended else 'not decided'}")

# Final training: a Stable-Baselines3 model; then a video, an export and an HTML report.
chosen = study.recommended or study.best
model = chosen.train(16384, folder="trained")
action, _ = model.predict(np.array([0.0, 0.5], np.float32), deterministic=True)
print(f"the goal lies to the right, and the model goes {'right' if action[0] > 0 else 'left'}")
study.best.play("line.mp4")
print(f"wrote {study.export('best.yml')}, {study.report('line.html')}, line.mp4 and trained/")
