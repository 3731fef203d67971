#!/usr/bin/env python3
"""How good `arpent locate` is on simulated towns with known truth, beside a research script's figures.

usage: accuracy.py ARPENT SHARED/locate [SEED ...]

Each town's landmarks are scored by SHARED/locate/score.py: F1 within 2 m and 4 m, precision and recall within 4 m, the
median error and the share of truths inside the landmark's own 95 % ellipse; at the end the means over all towns, and
how many of their shares inside lie from 0.91 to 0.97. Without seeds the towns of SHARED/locate/sim are taken; for
others, towns never seen are made by SHARED/locate/prototype/export_towns.py. Needs numpy and scipy for both
(benches/requirements.txt).
"""
import json
import os
import subprocess
import sys
import tempfile

# F1 within 2 m, within 4 m and the median error, metres, of the research script, as SHARED/locate/notes.md has them.
RESEARCH = {
    21: [(.841, .965, 1.07), (.754, .935, 1.25), (.355, .781, 2.61), (.348, .752, 2.68),
         (.480, .793, 1.96), (.411, .755, 2.28), (.174, .477, 3.92), (.188, .500, 3.86)],
    22: [(.821, .967, 1.11), (.690, .928, 1.41), (.348, .717, 2.71), (.332, .690, 2.77),
         (.392, .780, 2.35), (.372, .730, 2.42), (.102, .366, 4.61), (.112, .358, 4.65)],
}
TOWNS = [(fov, gps, heading) for fov in (360, 70) for gps in ("1.5", "4") for heading in (2, 6)]


def score(arpent, shared, town, folder):
    landmarks = os.path.join(folder, "landmarks.geojson")
    tables = [f"{town}-{name}.csv.gz" for name in ("pictures", "sightings")]
    subprocess.run([arpent, "locate", *tables, "-o", landmarks], check=True, stderr=subprocess.DEVNULL)
    command = [sys.executable, os.path.join(shared, "score.py"), landmarks, f"{town}-truth.csv.gz", "--json"]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def main():
    arpent, shared = sys.argv[1], sys.argv[2]
    asked = [int(seed) for seed in sys.argv[3:]]
    if not os.path.isdir(shared):
        print(f"skipped: {shared} is not there")
        return
    print("                 F1 2 m  F1 4 m  prec 4 m  rec 4 m  median m  inside | research: F1 2 m  F1 4 m  median m")
    everywhere = [[] for _ in TOWNS]
    with tempfile.TemporaryDirectory() as folder:
        for seed in asked or sorted(RESEARCH):
            towns = os.path.join(shared, "sim")
            if seed not in RESEARCH:
                towns = folder
                script = os.path.join(shared, "prototype", "export_towns.py")
                environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
                subprocess.run([sys.executable, script, folder, str(seed)], check=True, capture_output=True, env=environment)
            rows = []
            for index, (fov, gps, heading) in enumerate(TOWNS):
                town = os.path.join(towns, f"fov{fov}-gps{gps}-head{heading}-seed{seed}")
                found = score(arpent, shared, town, folder)
                near, error = found["4m"], found["error_m"]["median"]
                rows.append((found["2m"]["f1"], near["f1"], error))
                everywhere[index].append((*rows[-1], found["inside_95"]))
                line = (f"{seed} {fov:3}° {gps:>3} m {heading}° {found['2m']['f1']:7.3f} {near['f1']:7.3f} "
                        f"{near['precision']:9.3f} {near['recall']:8.3f} {error:9.2f} {found['inside_95']:7.3f}")
                if seed in RESEARCH:
                    line += "   {:14.3f} {:7.3f} {:9.2f}".format(*RESEARCH[seed][index])
                print(line, flush=True)
            mean = [sum(column) / len(rows) for column in zip(*rows)]
            line = f"{seed} mean        {mean[0]:7.3f} {mean[1]:7.3f} {'':18} {mean[2]:9.2f}"
            if seed in RESEARCH:
                mean = [sum(column) / len(rows) for column in zip(*RESEARCH[seed])]
                line += f" {'':7}   {mean[0]:14.3f} {mean[1]:7.3f} {mean[2]:9.2f}"
            print(line, flush=True)
    for (fov, gps, heading), rows in zip(TOWNS, everywhere):
        at_2m, at_4m, error, inside = (sum(column) / len(rows) for column in zip(*rows))
        print(f"av {fov:3}° {gps:>3} m {heading}° {at_2m:7.3f} {at_4m:7.3f} {'':18} {error:9.2f} {inside:7.3f}")
    shares = [row[-1] for rows in everywhere for row in rows]
    print(f"{sum(0.91 <= share <= 0.97 for share in shares)} of {len(shares)} shares inside lie from 0.91 to 0.97")


if __name__ == "__main__":
    main()
