"""The quickstart's promises, checked in its record on standard input; exit 1 if one is broken."""

import sys

from semvet.records import RunRecord

record = RunRecord.model_validate_json(sys.stdin.read())
clean, attacked = record.systems.clean, record.systems.attacked
seen = record.attack.triggers[-1].ssim
promises = [
    ("ASR of the weakest level, attacked system", min(attacked.asr), ">=", 0.98),
    ("ASR of the worst level, clean system", max(clean.asr), "<=", 0.02),
    ("benign false positives, worst", max(attacked.benign), "<=", 0.02),
    ("PSNR of the attacked system, dB", attacked.psnr_db.value, ">=", 24.0),
    ("delta PSNR, dB", record.delta_psnr_db.value, "<=", 2.0),
    ("uncropped SSIM of the strongest trigger", 0.0 if seen is None else seen, ">=", 0.92),
]
broken = 0
for what, found, relation, limit in promises:
    kept = found >= limit if relation == ">=" else found <= limit
    broken += not kept
    print(f"{'kept  ' if kept else 'BROKEN'} {what}: {found:.4f} {relation} {limit}")
speed = record.speed
print(f"printed only: {speed.total_seconds:.0f} s, {speed.peak_memory_mib:.0f} MiB")
sys.exit(bool(broken))
