"""Writes Metal's and QuartzCore's Objective-C headers from metal-cpp's.

usage: objective_c_headers.py METAL_CPP OUTPUT

metal-cpp states every class, method, enumeration and structure of the frameworks, and with each
method the selector that it sends. What Objective-C adds to that (protocols, properties, blocks'
types) follows. Classes whose objects a program may make by +alloc are classes, the others
protocols, as in Apple's headers.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass, field
from pathlib import Path

PREFIX = {"NS": "NS", "MTL": "MTL", "MTL4": "MTL4", "CA": "CA", "CG": "CG"}
INLINE = re.compile(
    r"^_(?:MTL4?|CA)_INLINE\s+(?P<result>[^;{}]*?)\s*\b(?P<space>MTL4?|CA)::(?P<cls>\w+)::(?P<name>\w+)\s*"
    r"\((?P<arguments>(?:[^()]|\([^()]*\))*)\)\s*(?:const)?\s*\{(?P<body>.*?)^\}",
    re.MULTILINE | re.DOTALL,
)
SELECTOR = re.compile(r'_(?:MTL4?|CA)_PRIVATE_DEF_SEL\(\s*(\w+),\s*"([^"]+)"\s*\)')
SENT = re.compile(r"_(?:MTL4?|CA|NS)_PRIVATE_SEL\((\w+)\)")
CLASS = re.compile(
    r"^\s*class\s+(\w+)\s*:\s*public\s+NS::(?:Referencing|Copying|SecureCoding)<\s*(\w+)\s*(?:,\s*([\w:]+))?\s*>",
    re.MULTILINE,
)
ENUM = re.compile(
    r"_(?:MTL|CA)_(ENUM|OPTIONS)\(\s*([^,]+?)\s*,\s*(\w+)\s*\)\s*\{(.*?)\};", re.DOTALL
)
STRUCT = re.compile(
    r"^struct\s+(\w+)\s*\{(.*?)^\}\s*(?:_MTL_PACKED)?\s*;", re.MULTILINE | re.DOTALL
)
USING = re.compile(r"^\s*using\s+(\w+)\s*=\s*([^;]*);", re.MULTILINE)
CONSTANT = re.compile(r"_(?:MTL|CA)_CONST\(\s*([^,]+?)\s*,\s*(\w+)\s*\)")
SPACE = re.compile(r"^\s*namespace\s+(MTL4?|CA)\b", re.MULTILINE)

# Names that metal-cpp has for types of C.
PLAIN = {
    **{
        f"std::{sign}int{bits}_t": f"{sign}int{bits}_t"
        for sign in ("", "u")
        for bits in (8, 16, 32, 64)
    },
    "bool": "BOOL",
}
# Of arrays, which metal-cpp does not say.
ELEMENTS = {
    "functionNames": "NSString*",
    "arguments": "MTLArgument*",
    "bindings": "id<MTLBinding>",
    "members": "MTLStructMember*",
    "counterSets": "id<MTLCounterSet>",
    "counters": "id<MTLCounter>",
    "functions": "id<MTLFunction>",
}


@dataclass
class Function:
    selector: str
    result: str
    arguments: list[tuple[str, str]]
    of_class: bool


@dataclass
class Class:
    space: str
    name: str
    base: tuple[str, str] | None
    made: bool = False
    functions: dict[tuple[bool, str], Function] = field(default_factory=dict)

    @property
    def full(self) -> str:
        return PREFIX[self.space] + self.name


def spaces(text: str) -> list[tuple[int, str]]:
    return [(match.start(), match[1]) for match in SPACE.finditer(text)]


def space_at(found: list[tuple[int, str]], position: int) -> str:
    return [name for start, name in found if start <= position][-1]


def split(arguments: str) -> list[str]:
    parts, depth, current = [], 0, ""
    for character in arguments:
        depth += (character in "(<") - (character in ")>")
        if character == "," and depth == 0:
            parts.append(current.strip())
            current = ""
        else:
            current += character
    return [*parts, current.strip()] if current.strip() else parts


class Frameworks:
    def __init__(self, folder: Path) -> None:
        files = sorted([*folder.glob("Metal/*.hpp"), *folder.glob("QuartzCore/*.hpp")])
        self.texts = {f"{path.parent.name}/{path.name}": path.read_text() for path in files}
        self.selectors: dict[str, str] = {}
        self.classes: dict[tuple[str, str], Class] = {}
        for text in self.texts.values():
            self.selectors |= dict(SELECTOR.findall(text))
            found = spaces(text)
            for match in CLASS.finditer(text):
                space = space_at(found, match.start())
                base = match[3].split("::") if match[3] else []
                named = (base[0], base[1]) if len(base) == 2 else (space, base[0]) if base else None
                self.classes[space, match[1]] = Class(space, match[1], named)
        functions = [match for text in self.texts.values() for match in INLINE.finditer(text)]
        for match in functions:
            if "Object::alloc<" in match["body"] and (match["space"], match["cls"]) in self.classes:
                self.classes[match["space"], match["cls"]].made = True
        for match in functions:
            self.add_function(match)

    def add_function(self, match: re.Match[str]) -> None:
        cls = self.classes.get((match["space"], match["cls"]))
        if cls is None:
            return
        body = match["body"]
        sent = SENT.search(body)
        if not sent or "sendMessage" not in body or "std::function" in match["arguments"]:
            return
        selector = self.selectors.get(sent[1])
        arguments = split(match["arguments"])
        if selector is None or selector.count(":") != len(arguments):
            return
        of_class = bool(re.search(r"sendMessage\w*<[^;]*?>\(\s*_\w+_PRIVATE_CLS", body))
        typed = [self.argument(argument, cls.space) for argument in arguments]
        result = self.type(match["result"], cls.space)
        if selector.startswith("init"):
            result = "instancetype"
        if result == "NSArray*" and selector in ELEMENTS:
            result = f"NSArray<{ELEMENTS[selector]}>*"
        cls.functions[of_class, selector] = Function(selector, result, typed, of_class)

    def argument(self, text: str, space: str) -> tuple[str, str]:
        if block := re.search(r"\(\^\s*(\w*)\s*\)", text):
            return self.type(text[: block.start()] + "(^)" + text[block.end() :], space), block[1]
        match = re.fullmatch(r"(.*?)(\w+)\s*(\[\w*\])?", text, re.DOTALL)
        assert match, text
        return self.type(match[1] + ("*" if match[3] else ""), space), match[2]

    def type(self, text: str, space: str) -> str:
        """A type of metal-cpp's in Objective-C."""
        text = " ".join(text.replace("class ", "").split())
        text = re.sub(r"std::\w+", lambda found: PLAIN.get(found[0], found[0]), text)

        def pointer(found: re.Match[str]) -> str:
            scope, name, rest = found[2] or space, found[3], found[4]
            if scope in ("NS", "CG"):
                if name in ("UInteger", "Integer", "Range", "unichar", "TimeInterval"):
                    return found[0]
                written = "id" if name == "Object" else f"NS{name}*"
            elif (scope, name) in self.classes:
                cls = self.classes[scope, name]
                written = f"{cls.full}*" if cls.made else f"id<{cls.full}>"
            else:
                return found[0]
            # An array of objects: its elements are not the callee's.
            return (
                f"{written} __unsafe_unretained const*"
                if re.match(r"\s*const\s*\*", rest)
                else written + rest
            )

        text = re.sub(
            r"\b(const\s+)?(?:(NS|MTL4?|CA)::)?\b([A-Z]\w*)\s*\*((?:\s*const\s*\*)?)", pointer, text
        )
        text = re.sub(r"\b(NS|MTL4?|CA)::(\w+)", lambda found: PREFIX[found[1]] + found[2], text)
        text = re.sub(
            r"(?<![\w*<])([A-Z]\w+)\b",
            lambda found: (
                found[1] if not self.is_local(found[1], space) else PREFIX[space] + found[1]
            ),
            text,
        )
        text = re.sub(r"\bbool\b", "BOOL", text)
        return re.sub(r"^const (?=MTL|NS|dispatch)", "", text).strip()

    def is_local(self, name: str, space: str) -> bool:
        return (space, name) in self.names()

    def names(self) -> set[tuple[str, str]]:
        if not hasattr(self, "_names"):
            self._names: set[tuple[str, str]] = set(self.classes)
            for text in self.texts.values():
                found = spaces(text)
                for pattern, group in ((ENUM, 3), (STRUCT, 1), (USING, 1)):
                    for match in pattern.finditer(text):
                        if found and match.start() > found[0][0]:
                            self._names.add((space_at(found, match.start()), match[group]))
        return self._names

    # What is written.

    def enumerations(self) -> list[str]:
        lines = []
        for text in self.texts.values():
            found = spaces(text)
            for match in ENUM.finditer(text):
                prefix = PREFIX[space_at(found, match.start())]
                kind = self.type(match[2], "MTL")
                body = re.sub(r"\b([A-Z]\w*)", rf"{prefix}\1", match[4])
                body = re.sub(rf"{prefix}(NS|MTL)\b::", "", body)
                body = re.sub(r"\b(?:NS|MTL)UIntegerMax\b", "NSUIntegerMax", body)
                lines.append(f"typedef NS_{match[1]}({kind}, {prefix}{match[3]}) {{{body}}};\n")
        return lines

    def structures(self) -> list[str]:
        lines: dict[str, tuple[str, list[str]]] = {}
        for text in self.texts.values():
            found = spaces(text)
            for match in STRUCT.finditer(text):
                space = space_at(found, match.start())
                members = []
                for statement in match[2].split(";"):
                    member = re.fullmatch(
                        r"\s*([\w:]+(?:\s*\*)?)\s+(\w+)\s*((?:\[\w+\])?)\s*", statement
                    )
                    if member and "(" not in statement and "=" not in statement:
                        members.append((self.type(member[1], space), member[2] + member[3]))
                if members:
                    full = PREFIX[space] + match[1]
                    body = "".join(f"  {kind} {name};\n" for kind, name in members)
                    packed = " __attribute__((packed))" if full == "MTLPackedFloat3" else ""
                    lines[full] = (
                        f"typedef struct {{\n{body}}}{packed} {full};\n",
                        [k for k, _ in members],
                    )
        ordered: list[str] = []

        def write(name: str) -> None:
            text, uses = lines.pop(name)
            for used in uses:
                if used in lines:
                    write(used)
            ordered.append(text)

        while lines:
            write(next(iter(lines)))
        return ordered

    def aliases(self) -> list[str]:
        lines = []
        for text in self.texts.values():
            found = spaces(text)
            for match in USING.finditer(text):
                if not found or match.start() < found[0][0] or "std::function" in match[2]:
                    continue
                space = space_at(found, match.start())
                kind, name = self.type(match[2], space), PREFIX[space] + match[1]
                if "(^)" in kind:
                    lines.append(f"typedef {kind.replace('(^)', f'(^{name})')};\n")
                elif "Autoreleased" in name:
                    lines.append(f"typedef {kind} __autoreleasing {name};\n")
                else:
                    lines.append(f"typedef {kind} {name};\n")
        return list(dict.fromkeys(lines))

    def constants(self) -> list[str]:
        lines = []
        for text in self.texts.values():
            found = spaces(text)
            for match in CONSTANT.finditer(text):
                if found:
                    space = space_at(found, match.start())
                    kind = self.type(match[1], space)
                    lines.append(f"OBJC_EXTERN {kind} const {PREFIX[space]}{match[2]};\n")
        return list(dict.fromkeys(lines))

    def interface(self, cls: Class) -> str:
        base = self.classes.get(cls.base) if cls.base else None
        if cls.made:
            above = base.full if base and base.made else "NSObject"
            head = f"@interface {cls.full} : {above}<NSCopying>\n"
        else:
            above = base.full if base else "NSObject"
            if cls.base == ("NS", "FastEnumeration"):
                above = "NSObject, NSFastEnumeration"
            head = f"@protocol {cls.full}<{above}>\n"
        lines = []
        for (of_class, selector), function in cls.functions.items():
            if selector in ("init", "alloc", "copy", "retain", "release"):
                continue
            if not of_class and selector.startswith("set") and self.getter(cls, selector):
                continue
            lines.append(self.property(cls, function) or self.method(function))
        return head + "".join(f"{line}\n" for line in lines) + "@end\n"

    def getter(self, cls: Class, setter: str) -> Function | None:
        name = setter[3:-1]
        name = name[:1].lower() + name[1:]
        for candidate in (name, setter[3:-1], "is" + setter[3:-1]):
            function = cls.functions.get((False, candidate))
            if function and function.result != "void" and self.property(cls, function):
                return function
        return None

    def property(self, cls: Class, function: Function) -> str | None:
        owned = re.match(r"(new|alloc|copy|mutableCopy|init)(?![a-z])", function.selector)
        if (
            function.arguments
            or function.of_class
            or function.result in ("void", "instancetype")
            or owned
        ):
            return None
        name, attributes = function.selector, ["nonatomic"]
        if re.match(r"is[A-Z]", name):
            attributes.append(f"getter={name}")
            name = name[2:]
            name = name if name[1:2].isupper() else name[:1].lower() + name[1:]
        setter = f"set{name[:1].upper()}{name[1:]}:"
        if (False, setter) not in cls.functions:
            attributes.append("readonly")
        elif re.search(r"\*$|^id\b|^dispatch_", function.result):
            attributes.append("copy" if function.result == "NSString*" else "retain")
        return f"@property({', '.join(attributes)}) {self.declared(function.result, name)};"

    @staticmethod
    def declared(kind: str, name: str) -> str:
        return kind.replace("(^)", f"(^{name})") if "(^)" in kind else f"{kind} {name}"

    @staticmethod
    def method(function: Function) -> str:
        text = f"{'+' if function.of_class else '-'} ({function.result})"
        if not function.arguments:
            return f"{text}{function.selector};"
        parts = function.selector.split(":")
        return (
            text
            + " ".join(
                f"{part}:({kind}){name}"
                for part, (kind, name) in zip(parts, function.arguments, strict=False)
            )
            + ";"
        )

    def ordered(self) -> list[Class]:
        done: dict[tuple[str, str], Class] = {}

        def write(key: tuple[str, str]) -> None:
            cls = self.classes[key]
            if key in done:
                return
            if cls.base in self.classes and cls.base:
                write(cls.base)
            done[key] = cls

        for key in self.classes:
            write(key)
        return list(done.values())


def main(folder: Path, output: Path) -> None:
    frameworks = Frameworks(folder)
    classes = frameworks.ordered()
    forward = "".join(
        f"@class {cls.full};\n" if cls.made else f"@protocol {cls.full};\n" for cls in classes
    )

    def written(spaces: tuple[str, ...]) -> str:
        return "\n".join(frameworks.interface(cls) for cls in classes if cls.space in spaces)

    metal = "".join(
        [
            "// Written by cmake/objective_c_headers.py from metal-cpp.\n#pragma once\n\n",
            "#include <Foundation/Foundation.h>\n#include <Metal/MetalBase.h>\n\n",
            forward,
            "\n",
            *frameworks.enumerations(),
            "\n",
            *frameworks.structures(),
            "\n",
            *frameworks.aliases(),
            "\n",
            *frameworks.constants(),
            "\n",
            written(("MTL", "MTL4")),
            "\n#include <Metal/MetalFunctions.h>\n",
        ]
    )
    quartz = (
        "// Written by cmake/objective_c_headers.py from metal-cpp.\n#pragma once\n\n"
        "#include <Metal/Metal.h>\n\n" + written(("CA",))
    )
    files = {"Metal/Metal.h": metal, "QuartzCore/QuartzCore.h": quartz}
    for name in frameworks.texts:
        framework, header = name.split("/")
        header = header.removesuffix(".hpp") + ".h"
        whole = f"{framework}/{framework}.h"
        if not re.search(r"Private|Defines|HeaderBridge|Version", header):
            files.setdefault(f"{framework}/{header}", f"#pragma once\n#include <{whole}>\n")
    names = "".join(f"PLACEHOLDER({cls.full})\n" for cls in classes if cls.made)
    files["metal_classes.inc"] = names
    for name, text in files.items():
        path = output / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_text() != text:
            path.write_text(text)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
