"""Tunes PPO for an environment of one's own, confirms the winner and trains it: from Python, in about a minute.

Run it from this folder: `python tune_own_environment.py`. The same command goes on where it was stopped.
"""

import my_env
import numpy as np

import tuner

# Is the environment worth training in? Three policies that learn nothing show it, before any training.
looked = tuner.check(my_env.Line, episodes=20)
print(f"check: {looked.verdict}")
for line in looked.of("wrong") + looked.of("warning"):
    print(f"  {line.name}: {line.finding}")

# Four parameters of the guide's. The user's two configurations of the study `reach` run first, as baselines.
study = tuner.tune(my_env.Line, trials=8, timesteps=8192, seed=1, storage="sqlite:///line.db", name="line")
print(study)
for name, value in study.best.params.items():
    print(f"  {name} = {value}")

# One training seed may be luck: the best trials and the baselines once more, on fresh seeds and goals.
found = study.confirm(seeds=3, top=1)
for one in found.tested:
    print(f"  {one.arm.name}: {found.measure} by seed {[round(value, 2) for value in one.test]}")
print(f"to train with: {found.recommended.name if found.recommended else 'not decided'}")

# For use: a Stable-Baselines3 model, a video, and files for those who have no Python at hand.
chosen = study.recommended or study.best
model = chosen.train(16384, folder="trained")
action, _ = model.predict(np.array([0.0, 0.5], np.float32), deterministic=True)
print(f"the goal lies to the right, and the model goes {'right' if action[0] > 0 else 'left'}")
study.best.play("line.mp4")
print(f"wrote {study.export('best.yml')}, {study.report('line.html')}, line.mp4 and trained/")
