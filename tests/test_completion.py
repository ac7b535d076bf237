"""Completion in a shell, asked of bash itself."""

import shutil
import subprocess

import pytest

from rrrn import cli
from rrrn.commands import completion


@pytest.fixture(scope="module")
def script(tmp_path_factory):
    path = tmp_path_factory.mktemp("completion") / "rrrn"
    path.write_text(completion.script("bash"))
    return path


def completed(script, folder, *words: str) -> list[str]:
    asked = " ".join(f"'{word}'" for word in ("rrrn", *words))
    lines = f"""
source {script}
COMP_WORDS=({asked}) COMP_CWORD={len(words)} COMP_LINE='rrrn {" ".join(words)}'
COMP_POINT=${{#COMP_LINE}}
eval "$(complete -p rrrn | sed -E 's/.*-F ([^ ]+).*/\\1/')" rrrn '{words[-1]}' '{(("rrrn", *words))[-2]}'
printf '%s\\n' "${{COMPREPLY[@]}}"
"""
    done = subprocess.run(["bash", "--norc", "-c", lines], cwd=folder, capture_output=True, text=True, check=True)
    return sorted(word.strip() for word in done.stdout.split("\n") if word.strip())


def test_commands_options_and_values_are_completed(script, tmp_path):
    assert set(cli.COMMANDS) <= set(completed(script, tmp_path, ""))
    assert completed(script, tmp_path, "oc") == ["occlude"]
    assert completed(script, tmp_path, "plan", "--co") == ["--configfile", "--cores"]
    assert completed(script, tmp_path, "describe", "--descriptor", "lbp") == ["lbp-sip", "lbp-top"]
    assert completed(script, tmp_path, "report", "--par") == ["--partial"]
    assert "results/table_iv.csv" in completed(script, tmp_path, "run", "results/")


def test_files_are_completed(script, tmp_path):
    (tmp_path / "mine.yaml").touch()
    assert completed(script, tmp_path, "doctor", "--configfile", "mi") == ["mine.yaml"]


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_shells_have_a_script(shell, tmp_path):
    text = completion.script(shell)
    assert all(name in text for name in cli.COMMANDS)
    if program := shutil.which(shell):
        (tmp_path / "rrrn").write_text(text)
        subprocess.run([program, "-n", str(tmp_path / "rrrn")], check=True)
