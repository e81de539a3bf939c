"""A mail server that keeps what it is given: as much of SMTP (RFC 5321) as the shop speaks."""

import socketserver
from collections import Counter
from email import message_from_bytes, policy
from threading import Thread


class MailServer:
    """Takes mails on a port of its own, until it is closed."""

    def __init__(self, port: int) -> None:
        #: How many mails came, by recipient and subject.
        self.received: Counter[tuple[str, str]] = Counter()
        received = self.received

        class Connection(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                recipient = ""
                self._say("220 localhost")
                while line := self.rfile.readline().strip():
                    verb, argument = line[:4].upper(), line[5:]
                    if verb == b"QUIT":
                        self._say("221 Bye")
                        return
                    if verb == b"RCPT":
                        recipient = argument.decode().partition("<")[2].partition(">")[0]
                    if verb == b"DATA":
                        self._say("354 Go on")
                        received[recipient, self._subject()] += 1
                    self._say("250 OK")

            def _subject(self) -> str:
                text = b""
                while (line := self.rfile.readline()) not in {b".\r\n", b""}:
                    text += line
                return str(message_from_bytes(text, policy=policy.default)["Subject"])

            def _say(self, text: str) -> None:
                self.wfile.write(f"{text}\r\n".encode())

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address = daemon_threads = True

        self._server = Server(("127.0.0.1", port), Connection)
        Thread(target=self._server.serve_forever, daemon=True).start()

    def recipients(self) -> set[str]:
        """Whoever got a mail."""
        return {recipient for recipient, _ in self.received}

    def close(self) -> None:
        """Take no more mails."""
        self._server.shutdown()
        self._server.server_close()
