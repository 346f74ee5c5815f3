"""Figures that docs/ quotes: these wait here for `semvet reproduce`.

calibrate           results/calibration/<system>.json, point.json     every system's PSNR over SNR
calibration_table   docs/calibration/<system>.png                     the same as pictures
defenses            results/defenses/{smoothing,frontier,adaptive}.json     cards of finished runs
pruning             results/defenses/pruning.json                     the audits of BASS
identification      docs/defenses/identification.png                  BASS Fig. 8, of pruning.json
sweep               results/sweeps/sembugger.json                     what SemBugger leaves open

`python -m experiments.NAME --help` says what each one takes. What they write is typed in `records`.
"""
