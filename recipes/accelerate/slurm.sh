#!/bin/bash
# A recipe on the GPUs of several machines: sbatch recipes/accelerate/slurm.sh recipes/baseline.py [SETTINGS]
#SBATCH --job-name=hlx
#SBATCH --nodes=2
#SBATCH --ntasks-per-node=1 # accelerate starts a process for each GPU itself
#SBATCH --gpus-per-node=8
#SBATCH --cpus-per-task=32
#SBATCH --time=24:00:00
#SBATCH --requeue # a recipe goes on from its newest checkpoint
set -euo pipefail

# Not `| head`: where it closes the pipe before scontrol has written all, `pipefail` would end the job.
read -r MAIN_PROCESS_IP < <(scontrol show hostnames "$SLURM_JOB_NODELIST")
export MAIN_PROCESS_IP MAIN_PROCESS_PORT="${MAIN_PROCESS_PORT:-29500}"
export OMP_NUM_THREADS=$((SLURM_CPUS_PER_TASK / SLURM_GPUS_ON_NODE))

# Single quotes: every machine has a SLURM_NODEID of its own.
srun bash -c 'accelerate launch --quiet --config_file recipes/accelerate/nodes.yaml \
    --num_machines "$SLURM_NNODES" --num_processes "$((SLURM_NNODES * SLURM_GPUS_ON_NODE))" \
    --machine_rank "$SLURM_NODEID" --main_process_ip "$MAIN_PROCESS_IP" \
    --main_process_port "$MAIN_PROCESS_PORT" "$@" --resume_from_checkpoint last' accelerate "$@"
