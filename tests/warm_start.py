"""What stands in the place of ``python`` and has warm_python run a module; anything else is for Python itself.

It is started a thousand times, so that it imports nothing that Python has not built in.
"""

import _signal
import _socket
import array
import marshal
import os
import sys

PACKAGES = ("rrrn", "snakemake")  # whose modules are run in forks
# of these, which import PyTorch; whatever else does so takes a second more
TORCH = ("cross", "fit", "poison", "predict", "train", "weights")
HEAVY = "-torch"  # what their address ends in
# which Snakemake sets for each job, and libraries read when they are imported
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
# which an interpreter reads when it starts, and nobody afterwards
OWN = ("PYTHONHASHSEED", "PYTHONUTF8", "PYTHONIOENCODING", "PYTHONWARNINGS")
LOCALE = ("LC_ALL", "LC_CTYPE", "LANG")


def locale() -> str:
    return " ".join(os.environ.get(name, "") for name in LOCALE)


def _ask(python: str, address: str, told_locale: str, words: list[str]) -> int:
    """Have a module of one thread run, and end as it did."""
    told = words[1:] if words[:1] == ["-P"] else words
    ours = told[:1] == ["-m"] and told[1].split(".")[0] in PACKAGES
    threads = any(os.environ.get(name, "1") != "1" for name in THREADS)
    if not ours or threads or told_locale != locale() or any(name in os.environ for name in OWN):
        os.execv(python, [python, *words])
    module, first = told[1], told[2:3]
    heavy = module.split(".")[-1] in TORCH or (module == "rrrn" and first and first[0] in TORCH)
    safe = told is not words or bool(os.environ.get("PYTHONSAFEPATH"))
    asked = marshal.dumps((told[1:], os.getcwd(), safe, dict(os.environ)))  # noqa: PTH109
    line = _socket.socket(_socket.AF_UNIX)
    line.connect(address + HEAVY if heavy else address)
    files = array.array("i", [0, 1, 2])
    line.sendmsg([len(asked).to_bytes(8, "big")], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, files)])
    line.sendall(asked)
    process = int(_line(line))
    for number in (_signal.SIGTERM, _signal.SIGINT, _signal.SIGUSR1, _signal.SIGUSR2, _signal.SIGHUP):
        _signal.signal(number, lambda number, _: os.kill(process, number))
    status = int(_line(line))
    if status < 0:
        _signal.signal(-status, _signal.SIG_DFL)
        os.kill(os.getpid(), -status)
    return status


def _line(line: _socket.socket) -> str:
    said = b""
    while not said.endswith(b"\n"):
        if not (more := line.recv(1)):
            sys.stderr.write("the process that forks for the tests is gone\n")
            os._exit(70)
        said += more
    return said.decode()


if __name__ == "__main__":
    os._exit(_ask(*sys.argv[1:4], sys.argv[4:]))
