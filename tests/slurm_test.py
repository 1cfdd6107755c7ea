#!/usr/bin/python3 -E
"""The jobs of jobs/, submitted to a private Slurm: a signal before the limit, the limit itself, requeueing
and going on, scancel, an array merged, a chain. Skipped where Slurm is not installed or does not start."""
import glob
import os
import subprocess
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor

import h5py
import numpy as np

from harness import PATIENCE, TOP, check, finish
from private_slurm import Slurm, Unavailable

CONFIG = """[experiment]
name = small
trials = 12
[model]
phi = 1.5
psi = 0.8
m = 300
[activation]
f = relu
[bias]
law = gaussian
[theory]
laws = alp, alp_b
points = 200
[panel first]
[panel second]
bias.law = bernoulli
"""


def checkout(tmp):
    """A folder like the repository's, whose results and logs are thrown away."""
    for name in ("nlrmt_sim", "jobs", "tools", "configs"):
        os.symlink(f"{TOP}/{name}", f"{tmp}/{name}")
    with open(f"{tmp}/small.ini", "w") as f:
        f.write(CONFIG)
    with open(f"{tmp}/long.ini", "w") as f:
        f.write(CONFIG.replace("name = small", "name = long").replace("trials = 12", "trials = 100000"))


def submit(slurm, tmp, *arguments, **env):
    """The job's number. 2 ranks in place of 64; logs are JOB.log."""
    options = ["--parsable", "-n", "2", "--mem-per-cpu=0", "-t", "10", "-o", f"{tmp}/%j.log"]
    return slurm.run("sbatch", *options, *arguments, cwd=tmp, **env)


def done(path, panel="first"):
    """Trials that the output holds."""
    try:
        with h5py.File(path, "r") as f:
            return int(f[f"{panel}/p0000"].attrs["trials_done"])
    except (OSError, KeyError):
        return 0


def wait_for(condition, seconds=60):
    for _ in range(int(10 * seconds * PATIENCE)):
        if condition():
            return True
        time.sleep(0.1)
    return False


def log(tmp, job):
    return "".join(open(p, errors="replace").read() for p in glob.glob(f"{tmp}/{job}*.log"))


def eigenvalues(path):
    with h5py.File(path, "r") as f:
        assert f.attrs["complete"] == 1
        return np.concatenate([f[f"{p}/p0000/eigenvalues"][...] for p in ("first", "second")])


def reference(tmp, trials=600):
    """(trials, eigenvalues) of a run that nothing disturbs, outside of Slurm."""
    env = dict(os.environ, OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")
    out = f"{tmp}/results/whole.h5"
    subprocess.run(["mpirun", "-n", "2", "--oversubscribe", "./nlrmt_sim", "small.ini", "-q", "-o", out, "-s",
                    f"experiment.trials={trials}"], cwd=tmp, env=env, check=True)
    return trials, eigenvalues(out)


def restarts(slurm, job):
    return int(slurm.jobs(job)[0].get("Restarts", 0))


def warned(slurm, tmp):
    """Started here, judged by warned_end: Slurm itself looks for limits once in 30 s."""
    job = submit(slurm, tmp, "jobs/campaign.sbatch", "long.ini", NLRMT_LAUNCH="srun --mpi=pmix")
    wait_for(lambda: os.path.exists(f"{tmp}/results/long.h5"))
    slurm.run("scontrol", "update", f"JobId={job}", "EndTime=now+200")  # 300 s before it is the warning
    return job


def warned_end(slurm, tmp, job):
    """Slurm's own warning puts the job back, the next start goes on; scancel ends it, saved."""
    out = f"{tmp}/results/long.h5"
    check(wait_for(lambda: restarts(slurm, job) > 0, 60), f"no warning: {slurm.jobs(job)} {log(tmp, job)}")
    slurm.run("scontrol", "update", f"JobId={job}", "TimeLimit=60")  # else the next start is warned too
    kept, starts = done(out), restarts(slurm, job)
    check(kept > 0, f"nothing was saved at the warning: {log(tmp, job)}")
    for _ in range(150):
        if slurm.jobs(job)[0]["JobState"] == "RUNNING" and log(tmp, job).count("p0000, ") > starts:
            break
        slurm.hurry(slurm.jobs(job)[0])
        time.sleep(0.2)
    time.sleep(1)
    slurm.run("scancel", job)
    states = slurm.wait(job, hurry=False)
    check(states == ["CANCELLED"] and restarts(slurm, job) == starts, f"scancel: {slurm.jobs(job)} {log(tmp, job)}")
    check(done(out) > kept, f"scancel: {done(out)} trials saved, {kept} at the warning: {log(tmp, job)}")
    with h5py.File(out, "r") as f:
        check(f.attrs["complete"] == 0, "a cancelled job's output says that it is complete")


def interrupted(slurm, tmp, launch, trials, whole):
    """A signal amid the run: it saves, goes back into the queue, and ends with the same numbers."""
    name = launch.split()[0]
    out = f"{tmp}/results/small-{name}.h5"
    job = submit(slurm, tmp, "jobs/campaign.sbatch", "small.ini", "-s", f"experiment.trials={trials}", "-o", out,
                 NLRMT_LAUNCH=launch)
    wait_for(lambda: os.path.exists(out))
    time.sleep(1)
    slurm.run("scancel", "--signal=USR1", "--batch", job)
    check(wait_for(lambda: restarts(slurm, job) == 1, 30), f"{name}: not requeued: {slurm.jobs(job)} {log(tmp, job)}")
    check(done(out) > 0, f"{name}: nothing was saved at the signal: {log(tmp, job)}")
    states = slurm.wait(job)
    check(states == ["COMPLETED"], f"{name}: {states} {log(tmp, job)}")
    check(states == ["COMPLETED"] and np.array_equal(eigenvalues(out), whole),
          f"{name}: other eigenvalues than without a stop")


def lost(slurm, tmp, trials, whole):
    """The node is taken away: Slurm starts the job again, and it goes on from its last save."""
    out, host = f"{tmp}/results/lost.h5", slurm.run("sinfo", "-h", "-o", "%n")
    job = submit(slurm, tmp, "jobs/campaign.sbatch", "small.ini", "-s", f"experiment.trials={trials}", "-o", out,
                 NLRMT_LAUNCH="srun --mpi=pmix")
    wait_for(lambda: os.path.exists(out))
    time.sleep(1)
    slurm.run("scontrol", "update", f"NodeName={host}", "State=DOWN", "Reason=test")
    time.sleep(1)
    slurm.run("scontrol", "update", f"NodeName={host}", "State=RESUME", quiet=True)  # it may be back by itself
    states = slurm.wait(job, hurry=False)  # the node first has to clear the old steps away
    check(states == ["COMPLETED"] and restarts(slurm, job) > 0, f"node lost: {slurm.jobs(job)} {slurm.run('sinfo')} {log(tmp, job)}")
    check(states == ["COMPLETED"] and np.array_equal(eigenvalues(out), whole), "node lost: other eigenvalues")


def bounded(slurm, tmp):
    """A limit so near that no trial fits: stops by itself each time, and not for ever."""
    job = submit(slurm, tmp, "-t", "1", "jobs/campaign.sbatch", "long.ini", "-o", "results/never.h5", NLRMT_REQUEUES="2",
                 NLRMT_LAUNCH="srun --mpi=pmix")
    states = slurm.wait(job)
    state = slurm.jobs(job)[0]
    check(states == ["FAILED"] and state["Restarts"] == "2" and state["ExitCode"] == "75:0", f"bound: {state} {log(tmp, job)}")


def arrays(slurm, tmp):
    """Two tasks by panel, two by trials: together what one job computes."""
    for name, env in (("panels", {}), ("trials", {"TRIALS": "6"})):
        os.symlink("small.ini", f"{tmp}/{name}.ini")
        job = submit(slurm, tmp, "--array=0-1", "jobs/campaign.sbatch", f"{name}.ini", NLRMT_LAUNCH="srun --mpi=pmix", **env)
        states = slurm.wait(job)
        check(states == ["COMPLETED"] * 2, f"array by {name}: {states} {log(tmp, job)}")
    job = submit(slurm, tmp, "--array=2", "jobs/campaign.sbatch", "panels.ini")
    states = slurm.wait(job)
    check(states == ["FAILED"] and "no panel for task 2" in log(tmp, slurm.jobs(job)[0]["JobId"]), f"third of two panels: {states}")
    with h5py.File(f"{tmp}/results/trials-1.h5", "r") as f:
        check(list(f["second/p0000/trial"]) == [*range(6, 12)], "task 1 of 6 trials each has others than 6 to 11")
    for task, panel in enumerate(("first", "second")):
        with h5py.File(f"{tmp}/results/panels-{task}.h5", "r") as f:
            check(list(f) == [panel] and f.attrs["complete"] == 1, f"task {task}: panels {list(f)}")


def chain(slurm, tmp, trials, whole):
    """Without requeueing: the first is stopped, the second goes on, the third finds nothing to do."""
    out = f"{tmp}/results/chain.h5"
    jobs = slurm.run("jobs/submit", "3", "-n", "2", "--mem-per-cpu=0", "-t", "10", "-o", f"{tmp}/%j.log",
                     "jobs/campaign.sbatch", "small.ini", "-s", f"experiment.trials={trials}", "-o", out,
                     cwd=tmp, NLRMT_LAUNCH="srun --mpi=pmix").split()
    wait_for(lambda: os.path.exists(out))
    time.sleep(1)
    slurm.run("scancel", "--signal=USR1", "--batch", jobs[0])
    states = [slurm.wait(job)[0] for job in jobs]
    check(states == ["FAILED", "COMPLETED", "COMPLETED"], f"chain: {states} {[log(tmp, j) for j in jobs]}")
    check(np.array_equal(eigenvalues(out), whole), "chain: other eigenvalues than without a stop")


def figures(slurm, tmp):
    """Every configuration has its job, which Slurm accepts; one is run, small, up to its figure."""
    names = {os.path.basename(p)[:-4] for p in glob.glob(f"{TOP}/configs/*.ini")}
    jobs = {os.path.basename(p)[:-7] for p in glob.glob(f"{TOP}/jobs/*.sbatch")}
    check(jobs == names | {"campaign"}, f"jobs and configurations differ: {jobs ^ (names | {'campaign'})}")
    for name in sorted(names):
        r = subprocess.run(["sbatch", "--test-only", "--mem-per-cpu=0", f"jobs/{name}.sbatch"], env=slurm.env, cwd=tmp,
                           capture_output=True, text=True)
        check(r.returncode == 0 and f"nlrmt_figure {name} " in open(f"{TOP}/jobs/{name}.sbatch").read(), f"{name}: {r.stderr}")
    job = submit(slurm, tmp, "jobs/fig1.sbatch", "-s", "model.m=64", "-s", "theory.points=200", NLRMT_LAUNCH="srun --mpi=pmix")
    states = slurm.wait(job)
    check(states == ["COMPLETED"] and os.path.exists(f"{tmp}/results/fig1.png") and "alp_b" in log(tmp, job),
          f"fig1: {states} {log(tmp, job)}")


def run_all(slurm, tmp):
    """Mostly waiting for Slurm: two parts at a time, but for the loss of the node."""
    whole = reference(tmp)
    long = warned(slurm, tmp)
    with ThreadPoolExecutor(2) as pool:
        parts = [pool.submit(f, slurm, tmp, *more) for f, more in (
            (interrupted, ("srun --mpi=pmix", *whole)), (interrupted, ("mpirun", *whole)), (bounded, ()), (arrays, ()),
            (chain, whole), (figures, ()), (warned_end, (long,)))]
    for part in parts:
        part.result()
    lost(slurm, tmp, *whole)


def main():
    with tempfile.TemporaryDirectory(prefix="sl", dir="/tmp") as tmp:
        os.mkdir(f"{tmp}/slurm")
        try:
            slurm = Slurm(f"{tmp}/slurm")
        except Unavailable as why:
            print(f"slurm_test: skipped: {why}")
            finish()
        try:
            checkout(tmp)
            run_all(slurm, tmp)
        finally:
            slurm.stop()
        left = [d.args[0] for d in slurm.daemons if d.poll() is None]
        check(len(slurm.daemons) == 3 and not left, f"still running: {left}")
    finish()


if __name__ == "__main__":
    main()
