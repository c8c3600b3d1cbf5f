#!/usr/bin/env python3
"""Man pages of every command, out of what the parser itself says about them.

    diptych --experimental-dump-help | Scripts/package/manual.py VERSION FOLDER

writes FOLDER/diptych.1, FOLDER/diptych-search.1 and so on. The parser's manual of one command is what `--help` shows; this is the same
in the form that `man` reads.
"""
import json
import os
import re
import sys


def roff(text):
    """Text as roff shows it, with examples on lines of their own."""
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return re.sub(r"(?m)^([.'])", r"\\&\1", text)


def paragraphs(text):
    for paragraph in re.split(r"\n\s*\n", text.strip()):
        paragraph = " ".join(paragraph.split())
        example = re.match(r"(.*?)Example: (.*)", paragraph)
        if example:
            if example.group(1).strip():
                yield ".PP\n" + roff(example.group(1).strip())
            yield ".PP\nExample:\n.PP\n.RS 4\n.nf\n" + roff(example.group(2)) + "\n.fi\n.RE"
        elif paragraph:
            yield ".PP\n" + roff(paragraph)


def written(name):
    dashes = "\\-" if name["kind"] == "short" else "\\-\\-"
    if name["kind"] == "longWithSingleDash":
        dashes = "\\-"
    return f"\\fB{dashes}{roff(name['name'])}\\fR"


def page(command, path, version):
    name = "-".join(path)
    yield f'.TH "{name.upper()}" 1 "" "Diptych {version}" "Diptych"'
    abstract = " ".join((command.get("abstract") or "").split())
    yield f".SH NAME\n{roff(name)} \\- {roff(abstract.rstrip('.'))}"
    arguments = [a for a in command.get("arguments", []) if a.get("shouldDisplay", True)]
    commands = [c for c in command.get("subcommands", []) if c["commandName"] != "help" and c.get("shouldDisplay", True)]
    line = f"\\fB{roff(' '.join(path))}\\fR"
    if commands:
        line += " \\fIcommand\\fR"
    if any(a["kind"] != "positional" for a in arguments):
        line += " [\\fIoptions\\fR]"
    for argument in arguments:
        if argument["kind"] == "positional":
            value = roff(argument.get("valueName") or "value")
            word = f"\\fI{value}\\fR" + (" ..." if argument.get("isRepeating") else "")
            line += f" [{word}]" if argument.get("isOptional") else f" {word}"
    yield ".SH SYNOPSIS\n" + line
    yield ".SH DESCRIPTION"
    yield roff(abstract)
    yield from paragraphs(command.get("discussion") or "")
    if commands:
        yield ".SH COMMANDS"
        for sub in commands:
            yield f".TP\n\\fB{roff(name)}\\-{roff(sub['commandName'])}\\fR(1)\n" + roff(" ".join((sub.get("abstract") or "").split()))
    for title, wanted in [("ARGUMENTS", True), ("OPTIONS", False)]:
        chosen = [a for a in arguments if (a["kind"] == "positional") == wanted]
        if chosen:
            yield f".SH {title}"
        for argument in chosen:
            value = roff(argument.get("valueName") or "value")
            if wanted:
                head = f"\\fI{value}\\fR"
            else:
                head = ", ".join(written(n) for n in argument.get("names") or [])
                if argument["kind"] == "option":
                    head += f" \\fI{value}\\fR"
            texts = [argument.get("abstract") or "", argument.get("discussion") or ""]
            values = argument.get("allValues") or []
            if values:
                texts.append("Values: " + ", ".join(values) + ".")
            if argument.get("defaultValue"):
                texts.append(f"Default: {argument['defaultValue']}.")
            yield f".TP\n{head}\n" + roff(" ".join(" ".join(t.split()) for t in texts if t))
    if len(path) == 1:
        yield (".SH ENVIRONMENT\n.TP\n\\fBDIPTYCH_MODEL\\fR\nThe model of commands that are given none.\n"
               ".TP\n\\fBDIPTYCH_STORE\\fR\nThe store of commands that are given none.")
        yield (".SH EXIT STATUS\n0: done. 1: failed. 2: wrong usage. 3: some inputs were left out. 130: interrupted.")
    else:
        yield f".SH SEE ALSO\n\\fB{roff('-'.join(path[:-1]))}\\fR(1)"


def write(command, path, version, folder):
    names = 1
    with open(os.path.join(folder, "-".join(path) + ".1"), "w", encoding="utf-8") as file:
        file.write("\n".join(page(command, path, version)) + "\n")
    for sub in command.get("subcommands", []):
        if sub["commandName"] != "help" and sub.get("shouldDisplay", True):
            names += write(sub, path + [sub["commandName"]], version, folder)
    return names


if __name__ == "__main__":
    version, folder = sys.argv[1:]
    os.makedirs(folder, exist_ok=True)
    top = json.load(sys.stdin)["command"]
    print(f"{write(top, [top['commandName']], version, folder)} man pages")
