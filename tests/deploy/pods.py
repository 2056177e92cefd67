"""Runs a Job of Kubernetes as processes: pods.py MANIFEST REPORTS WORKSPACE [OLD=NEW…]

Each pod is a process with the command, the arguments and the environment of the manifest; the
secret is the environment of this program. Paths of the volumes and arguments are replaced as told.
Prints the exit code of each pod, in order, as JSON.
"""

import json
import os
import subprocess
import sys
import tempfile

import yaml

manifest, reports, workspace, *replaced = sys.argv[1:]
replaced = [pair.split("=", 1) for pair in replaced]


def local(text):
    text = text.replace("/reports", reports)
    for old, new in replaced:
        text = new if text == old else text
    return text


def start(container, index):
    env = dict(os.environ)
    for variable in container.get("env", []):
        if "value" in variable:
            env[variable["name"]] = variable["value"]
        elif variable["valueFrom"]["fieldRef"]["fieldPath"].endswith("job-completion-index']"):
            env[variable["name"]] = str(index)
        else:
            sys.exit(f"{variable} is not known to this program")
    # A pod has a home of its own.
    env["HOME"] = tempfile.mkdtemp(dir=workspace)
    words = []
    for word in container["command"] + container["args"]:
        for name, value in env.items():
            word = word.replace(f"$({name})", value)
        words.append(local(word))
    log = open(os.path.join(reports, f"{container['name']}-{index}.log"), "wb")
    return subprocess.Popen(words, cwd=workspace, env=env, stdout=log, stderr=log)


with open(manifest) as file:
    jobs = [document for document in yaml.safe_load_all(file) if document["kind"] == "Job"]
(job,) = jobs
(container,) = job["spec"]["template"]["spec"]["containers"]
pods = [start(container, index) for index in range(job["spec"].get("completions", 1))]
print(json.dumps([pod.wait(timeout=120) for pod in pods]))
