"""An SSH server that is no part of ours: logins, algorithms and command lines of every kind.

It is told what to be by one JSON object as its argument, says its port in its first line, and then
one line for each login that it judged.
"""

import asyncio
import json
import sys

import asyncssh

WANTED = json.loads(sys.argv[1])
PASSWORD = "hunter22"


def say(**words):
    print(json.dumps(words), flush=True)


class Server(asyncssh.SSHServer):
    def connection_made(self, connection):
        self.connection = connection
        self.rounds = 0

    def begin_auth(self, username):
        return WANTED["auth"] != "none"

    def password_auth_supported(self):
        return WANTED["auth"] in ("password", "both", "change")

    def validate_password(self, username, password):
        say(method="password", username=username, right=password == PASSWORD)
        if WANTED["auth"] == "change":
            raise asyncssh.PasswordChangeRequired("Your password has expired")
        return password == PASSWORD

    def public_key_auth_supported(self):
        return False

    def kbdint_auth_supported(self):
        return WANTED["auth"] in ("kbdint", "both", "code", "new")

    def get_kbdint_challenge(self, username, lang, submethods):
        asked = {"code": "Verification code: ", "new": "New password: "}
        return "", "", "", [(asked.get(WANTED["auth"], "Password: "), False)]

    def validate_kbdint_response(self, username, responses):
        self.rounds += 1
        say(method="kbdint", username=username, right=list(responses) == [PASSWORD])
        if list(responses) == [PASSWORD] and WANTED.get("empty_round") and self.rounds == 1:
            return "", "Welcome", "", []
        return list(responses) in ([PASSWORD], [])


class Gone(Exception):
    """The client has hung up."""


class CommandLine:
    """A switch that echoes, and does what it is told to do wrong."""

    def __init__(self, process):
        self.process = process
        self.wrong = WANTED.get("wrong")

    def write(self, text):
        self.process.stdout.write(text.encode() if isinstance(text, str) else text)

    async def key(self):
        byte = await self.process.stdin.read(1)
        if not byte:
            raise Gone
        return byte

    async def line(self, echo=True):
        line = b""
        while True:
            byte = await self.key()
            if byte in b"\r\n":
                self.write("\r\n")
                return line.decode()
            line += byte
            if echo:
                self.write(byte)

    async def flood(self, chunk):
        while True:
            self.write(chunk)
            await self.process.stdout.drain()

    async def greet(self):
        if self.wrong == "banner":
            self.write("Unauthorised use is prohibited. Your prompt will be\r\ncore-9# ")
            await self.line()
            self.write("or something like it\r\n")
        if self.wrong == "garbage":
            await self.flood(bytes(range(128, 256)) * 8)
        if self.wrong == "new_password":
            self.write("Your password has expired.\r\nNew password: ")
            await self.line(echo=False)
        if self.wrong == "own_login":
            for _ in range(3):
                self.write("User Name:")
                name = await self.line()
                self.write("Password:")
                if (name, await self.line(echo=False)) == ("mercury", PASSWORD):
                    return
                self.write("authentication failed\r\n")
            raise Gone

    async def run(self):
        await self.greet()
        prompt = "leaf-01#"
        while True:
            self.write(prompt)
            command = await self.line()
            if command == "exit":
                return
            if command == "show version":
                self.write("Version 1\r\n")
            elif command == "reload" and self.wrong == "endless":
                await self.flood(b"All work and no play\r\n" * 1000)
            elif command == "reload" and self.wrong == "hang":
                self.write("working")
                await self.process.stdin.read()
            elif command == "reload" and self.wrong == "drop":
                self.write("half an ans")
                await self.process.stdout.drain()
                self.process.channel.get_connection().abort()
                return
            elif command == "reload" and self.wrong == "pager":
                while True:
                    self.write("line\r\n --More-- ")
                    await self.key()
                    self.write("\r          \r")
            elif command == "reload" and self.wrong == "leak":
                self.write(f"the password is {PASSWORD}\r\n")


async def run(process):
    try:
        await CommandLine(process).run()
    except (Gone, asyncssh.Error, ConnectionError):
        pass
    process.exit(0)


async def main():
    names = ("kex_algs", "encryption_algs", "mac_algs", "signature_algs")
    listener = await asyncssh.listen(
        "127.0.0.1",
        0,
        server_factory=Server,
        server_host_keys=[WANTED["host_key"]],
        process_factory=run,
        line_editor=False,
        encoding=None,
        gss_host=None,
        **{name: WANTED[name] for name in names if name in WANTED},
    )
    say(port=listener.sockets[0].getsockname()[1])
    await asyncio.Event().wait()


asyncio.run(main())
