"""The quickstart's promises, checked in metrics.json on standard input; exit 1 if one is broken."""

import json
import sys

metrics = json.load(sys.stdin)
clean, attacked = metrics["clean_system"], metrics["attacked_system"]
promises = [
    ("ASR of the weakest level, attacked system", min(attacked["asr"]), ">=", 0.98),
    ("ASR of the worst level, clean system", max(clean["asr"]), "<=", 0.02),
    (
        "benign false positives, worst",
        max(attacked["benign_false_positive"]),
        "<=",
        0.02,
    ),
    ("PSNR of the attacked system, dB", attacked["psnr_db"], ">=", 24.0),
    ("delta PSNR, dB", attacked["delta_psnr_db"], "<=", 2.0),
    ("uncropped SSIM of the strongest trigger", metrics["trigger"]["ssim"][-1], ">=", 0.92),
]
broken = 0
for what, found, relation, limit in promises:
    kept = found >= limit if relation == ">=" else found <= limit
    broken += not kept
    print(f"{'kept  ' if kept else 'BROKEN'} {what}: {found:.4f} {relation} {limit}")
speed = metrics["speed"]
print(f"printed only: {speed['total_seconds']:.0f} s, {speed['peak_memory_mib']:.0f} MiB")
sys.exit(bool(broken))
