#!/bin/bash
# A daemon for a job's trainers on this node: source this at the top of the job script,
#   . configs/slurm/prologue.sh
#   srun nntrain recipe.yaml --daemon "$TENFOLD_DAEMON" --out out/run
# It uses the CPUs that Slurm gave the job and ends with the script (and with the job, whose control group it is in).
TENFOLD_RUN=$(mktemp -d "${SLURM_TMPDIR:-${TMPDIR:-/tmp}}/tenfold.XXXXXX")
export TENFOLD_DAEMON=unix:$TENFOLD_RUN/nnprepd.sock
coproc nnprepd --with-parent --listen "$TENFOLD_DAEMON" --threads "${SLURM_CPUS_PER_TASK:-0}" 2>"$TENFOLD_RUN/nnprepd.log"
# Its first line says that it listens; without it there is no daemon, and the reason is in the log.
read -r -t 60 _ <&"${COPROC[0]}" || { cat "$TENFOLD_RUN/nnprepd.log" >&2; exit 1; }
trap 'kill "$COPROC_PID" 2>/dev/null; wait "$COPROC_PID" 2>/dev/null; rm -rf "$TENFOLD_RUN"' EXIT
