"""The HTTP corpus: what a client may send, and the statuses of the answers before the close.

``()`` is a close without an answer. The client half-closes once all is sent, so that an incomplete
request ends without a wait. The ``LIMITS`` are small, so that each input can be cut at every byte.
"""

from typing import Final

from pages import LARGEST_BODY

from gesmock.server.parser import Limits

LIMITS: Final = Limits(head=600, url=200)

Answers = tuple[int, ...]

OK, TWO = (200,), (200, 200)
BAD, UNKNOWN, EXPECTED, LATER = (400,), (501,), (417,), (505,)
TOO_LARGE, LONG_URL, LONG_HEAD = (413,), (414,), (431,)

HOST: Final = "Host: localhost\r\n"
NEXT: Final = "GET /now HTTP/1.1\r\nHost: localhost\r\n\r\n"


def line(text: str, *headers: str) -> str:
    """A request with this first line."""
    return f"{text}\r\n{HOST}" + "".join(f"{header}\r\n" for header in headers) + "\r\n"


def get(*headers: str, path: str = "/now") -> str:
    return line(f"GET {path} HTTP/1.1", *headers)


def post(body: str, *headers: str) -> str:
    return line("POST /copy HTTP/1.1", *headers) + body


def chunked(body: str, *headers: str) -> str:
    return post(body, "Transfer-Encoding: chunked", *headers)


LAST: Final = "0\r\n\r\n"

FIRST_LINES: Final[dict[str, tuple[str, Answers]]] = {
    "ordinary": (get(), OK),
    "HTTP/1.0": (line("GET /now HTTP/1.0"), OK),
    "HTTP/1.0 without a host": ("GET /now HTTP/1.0\r\n\r\n", OK),
    "empty lines before it": ("\r\n\r\n" + get(), OK),
    "an empty line between two": (get() + "\r\n" + get(), TWO),
    "two": (get() + get(), TWO),
    "nothing": ("", ()),
    "empty lines only": ("\r\n\r\n\r\n", ()),
    "half a method": ("GE", ()),
    "half a line": ("GET /now HTTP", ()),
    "half a head": ("GET /now HTTP/1.1\r\nHost: a\r\n", ()),
    "a query": (get(path="/now?a=1&b=%20"), OK),
    "an empty query": (get(path="/now?"), OK),
    "a query of question marks": (get(path="/now???"), OK),
    "a fragment": (get(path="/now#a"), OK),
    "an absolute target": (get(path="http://localhost/now"), OK),
    "an absolute target with a port": (get(path="http://localhost:8080/now"), OK),
    "an absolute target with a user": (get(path="http://a:b@localhost/now"), OK),
    "an absolute target of IPv6": (get(path="http://[::1]:80/now"), OK),
    "an absolute target of another scheme": (get(path="https://localhost/now"), OK),
    "an absolute target with a bad host": (get(path="http://a]/now"), BAD),
    "an absolute target with a bad port": (get(path="http://a:b/now"), BAD),
    "no target": ("GET HTTP/1.1\r\n" + HOST + "\r\n", BAD),
    "an empty target": ("GET  HTTP/1.1\r\n" + HOST + "\r\n", BAD),
    "no slash": (get(path="now"), BAD),
    "a star": (get(path="*"), BAD),
    "a host and a port": (get(path="localhost:80"), BAD),
    "a tunnel": (line("CONNECT localhost:443 HTTP/1.1"), BAD),
    "a tunnel to a path": (line("CONNECT /now HTTP/1.1"), BAD),
    "no version": ("GET /now\r\n\r\n", BAD),
    "HTTP/0.9": (line("GET /now HTTP/0.9"), LATER),
    "HTTP/1.2": (line("GET /now HTTP/1.2"), BAD),
    "HTTP/1.10": (line("GET /now HTTP/1.10"), BAD),
    "HTTP/2.0": (line("GET /now HTTP/2.0"), LATER),
    "HTTP/3.0": (line("GET /now HTTP/3.0"), LATER),
    "HTTP/9.9": (line("GET /now HTTP/9.9"), LATER),
    "HTTP/2": (line("GET /now HTTP/2"), BAD),
    "the preface of HTTP/2": ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", LATER),
    "http in lower case": (line("GET /now http/1.1"), BAD),
    "a version with a sign": (line("GET /now HTTP/+1.1"), BAD),
    "a version with a comma": (line("GET /now HTTP/1,1"), BAD),
    "a version without digits": (line("GET /now HTTP/x.y"), BAD),
    "no HTTP in the version": (line("GET /now 1.1"), BAD),
    "RTSP": (line("GET /now RTSP/1.0"), BAD),
    "ICE": (line("SOURCE /now ICE/1.0"), BAD),
    "a space before the method": (" " + get(), BAD),
    "a tab before the method": ("\t" + get(), BAD),
    "two spaces after the method": (line("GET  /now HTTP/1.1"), BAD),
    "two spaces before the version": (line("GET /now  HTTP/1.1"), BAD),
    "a space after the version": (line("GET /now HTTP/1.1 "), BAD),
    "a tab after the method": (line("GET\t/now HTTP/1.1"), BAD),
    "a tab before the version": (line("GET /now\tHTTP/1.1"), BAD),
    "a space in the target": (get(path="/no w"), BAD),
    "a tab in the target": (get(path="/no\tw"), BAD),
    "a NUL in the target": (get(path="/no\0w"), BAD),
    "a DEL in the target": (get(path="/no\x7fw"), BAD),
    "a CR in the target": (get(path="/no\rw"), BAD),
    "a NUL in the method": (line("G\0T /now HTTP/1.1"), BAD),
    "a colon in the method": (line("G:T /now HTTP/1.1"), BAD),
    "a slash in the method": (line("G/T /now HTTP/1.1"), BAD),
    "an unknown method": (line("BREW /now HTTP/1.1"), UNKNOWN),
    "a method in lower case": (line("get /now HTTP/1.1"), UNKNOWN),
    "a method in mixed case": (line("Get /now HTTP/1.1"), UNKNOWN),
    "a method of signs": (line("!#$% /now HTTP/1.1"), UNKNOWN),
    "a method of 33 letters": (line("A" * 33 + " /now HTTP/1.1"), BAD),
    "a bare LF": (f"GET /now HTTP/1.1\n{HOST}\r\n", BAD),
    "bare LFs only": ("GET /now HTTP/1.1\nHost: a\n\n", BAD),
    "a bare CR": (f"GET /now HTTP/1.1\r{HOST}\r\n", BAD),
    "an LF before it": ("\n" + get(), BAD),
    "TLS": ("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", BAD),
    "SSH": ("SSH-2.0-OpenSSH_9.6\r\n", BAD),
    "SMTP": ("EHLO localhost\r\n\r\n", BAD),
    "Redis": ("*1\r\n$4\r\nPING\r\n", BAD),
    "a status line": ("HTTP/1.1 200 OK\r\n\r\n", BAD),
    "zeros": ("\0" * 20, BAD),
    "high bytes": ("\xff" * 20, BAD),
    "a byte order mark": ("\xef\xbb\xbf" + get(), BAD),
    "a URL at the limit": (get(path="/now?" + "a" * 195), OK),
    "a URL above the limit": (get(path="/now?" + "a" * 196), LONG_URL),
    "a long URL without an end": ("GET /" + "a" * 700, LONG_URL),
}

HEADERS: Final[dict[str, tuple[str, Answers]]] = {
    "no host": ("GET /now HTTP/1.1\r\n\r\n", BAD),
    "no host, absolute": ("GET http://localhost/now HTTP/1.1\r\n\r\n", BAD),
    "two hosts": (get("Host: localhost"), BAD),
    "two hosts in another case": (get("HOST: localhost"), BAD),
    "an empty host": ("GET /now HTTP/1.1\r\nHost:\r\n\r\n", OK),
    "a host with a port": ("GET /now HTTP/1.1\r\nHost: a:80\r\n\r\n", OK),
    "a host with an empty port": ("GET /now HTTP/1.1\r\nHost: a:\r\n\r\n", OK),
    "a host of IPv6": ("GET /now HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", OK),
    "a host with a path": ("GET /now HTTP/1.1\r\nHost: a/b\r\n\r\n", BAD),
    "a host with a user": ("GET /now HTTP/1.1\r\nHost: a@b\r\n\r\n", BAD),
    "a host with a space": ("GET /now HTTP/1.1\r\nHost: a b\r\n\r\n", BAD),
    "a host with a query": ("GET /now HTTP/1.1\r\nHost: a?b\r\n\r\n", BAD),
    "a host with a bad port": ("GET /now HTTP/1.1\r\nHost: a:b\r\n\r\n", BAD),
    "a host with two ports": ("GET /now HTTP/1.1\r\nHost: a:1:2\r\n\r\n", BAD),
    "a host with half a bracket": ("GET /now HTTP/1.1\r\nHost: [::1\r\n\r\n", BAD),
    "a list of hosts": ("GET /now HTTP/1.1\r\nHost: a, b\r\n\r\n", BAD),
    "a header in lower case": ("GET /now HTTP/1.1\r\nhost: a\r\n\r\n", OK),
    "no space after the colon": ("GET /now HTTP/1.1\r\nHost:a\r\n\r\n", OK),
    "a tab after the colon": ("GET /now HTTP/1.1\r\nHost:\ta\r\n\r\n", OK),
    "spaces around a value": (get("X:   a   "), OK),
    "an empty value": (get("X:"), OK),
    "one name twice": (get("X: a", "X: b"), OK),
    "high bytes in a value": (get("X: \xe4\xff"), OK),
    "a tab in a value": (get("X: a\tb"), OK),
    "a colon in a value": (get("X: a:b"), OK),
    "signs in a name": (get("!#$%&'*+-.^_`|~: a"), OK),
    "digits in a name": (get("1: a"), OK),
    "a NUL in a value": (get("X: a\0b"), BAD),
    "a DEL in a value": (get("X: a\x7fb"), BAD),
    "a bell in a value": (get("X: a\x07b"), BAD),
    "a bare CR in a value": (get("X: a\rb"), BAD),
    "a bare LF in a value": (get("X: a\nb"), BAD),
    "no colon": (get("X"), BAD),
    "no name": (get(": a"), BAD),
    "a space before the colon": (get("X : a"), BAD),
    "a tab before the colon": (get("X\t: a"), BAD),
    "a space in a name": (get("X y: a"), BAD),
    "a NUL in a name": (get("X\0: a"), BAD),
    "a high byte in a name": (get("X\xe4: a"), BAD),
    "a bracket in a name": (get("X(y): a"), BAD),
    "a quote in a name": (get('"X": a'), BAD),
    "a folded line": (get("X: a", " b"), BAD),
    "a line folded with a tab": (get("X: a", "\tb"), BAD),
    "a space before the first header": (f"GET /now HTTP/1.1\r\n {HOST}\r\n", BAD),
    "a bare LF after a header": ("GET /now HTTP/1.1\r\nHost: a\nX: b\r\n\r\n", BAD),
    "a bare LF as the end": ("GET /now HTTP/1.1\r\nHost: a\r\n\n", BAD),
    "a bare CR as the end": ("GET /now HTTP/1.1\r\nHost: a\r\n\r" + NEXT, BAD),
    "two CRs": (f"GET /now HTTP/1.1\r\r\n{HOST}\r\n", BAD),
    "Connection: close": (get("Connection: close") + NEXT, OK),
    "Connection: Close": (get("Connection: Close") + NEXT, OK),
    "close in a list": (get("Connection: a, close") + NEXT, OK),
    "close in a second line": (get("Connection: a", "Connection: close") + NEXT, OK),
    "Connection: keep-alive": (get("Connection: keep-alive") + NEXT, TWO),
    "a close of another name": (get("Connection: closed") + NEXT, TWO),
    "HTTP/1.0, and more": (line("GET /now HTTP/1.0") + NEXT, OK),
    "HTTP/1.0, kept alive": (line("GET /now HTTP/1.0", "Connection: keep-alive") + NEXT, TWO),
    "HTTP/1.0, close": (line("GET /now HTTP/1.0", "Connection: close") + NEXT, OK),
    "an upgrade to HTTP/2": (get("Connection: Upgrade", "Upgrade: h2c"), OK),
    "an upgrade to a web socket": (get("Connection: Upgrade", "Upgrade: websocket"), OK),
    "an unknown expectation": (get("Expect: tea"), EXPECTED),
    "an empty expectation": (get("Expect:"), OK),
    "two expectations": (get("Expect: 100-continue", "Expect: tea"), EXPECTED),
    "an expectation of HTTP/1.0": (line("GET /now HTTP/1.0", "Expect: tea"), OK),
    "an expectation without a body": (get("Expect: 100-continue"), OK),
    "a head above the limit": (get("X: " + "a" * 600), LONG_HEAD),
    "a long head without an end": (get("X: " + "a" * 600)[:-4], LONG_HEAD),
    "many headers": (get(*["X: a"] * 200), LONG_HEAD),
}

BODIES: Final[dict[str, tuple[str, Answers]]] = {
    "no length": (post(""), OK),
    "a length of 0": (post("", "Content-Length: 0"), OK),
    "a length": (post("abc", "Content-Length: 3"), OK),
    "a length, and another request": (post("abc", "Content-Length: 3") + NEXT, TWO),
    "a length with zeros before it": (post("abc", "Content-Length: 003"), OK),
    "a length with spaces": (post("abc", "Content-Length:   3  "), OK),
    "a length for GET": (get("Content-Length: 3") + "abc" + NEXT, TWO),
    "a length that is not reached": (post("ab", "Content-Length: 3"), ()),
    "a length that is exceeded": (post("abcd", "Content-Length: 3"), OK),
    "a body without a length": (post("\0\0\0"), (200, 400)),
    "a length in HTTP/1.0": (line("POST /copy HTTP/1.0", "Content-Length: 3") + "abc", OK),
    "two lengths": (post("abc", "Content-Length: 3", "Content-Length: 4"), BAD),
    "one length twice": (post("abc", "Content-Length: 3", "Content-Length: 3"), BAD),
    "a list of lengths": (post("abc", "Content-Length: 3, 3"), BAD),
    "a length with a plus": (post("abc", "Content-Length: +3"), BAD),
    "a negative length": (post("abc", "Content-Length: -3"), BAD),
    "an empty length": (post("abc", "Content-Length:"), BAD),
    "a hexadecimal length": (post("abc", "Content-Length: 0x3"), BAD),
    "a length with a fraction": (post("abc", "Content-Length: 3.0"), BAD),
    "a length with an exponent": (post("abc", "Content-Length: 3e0"), BAD),
    "a length with an underscore": (post("abc", "Content-Length: 1_0"), BAD),
    "two numbers": (post("abc", "Content-Length: 3 3"), BAD),
    "a length in letters": (post("abc", "Content-Length: three"), BAD),
    "a length in other digits": (post("abc", "Content-Length: \xb3"), BAD),
    "a length in quotes": (post("abc", 'Content-Length: "3"'), BAD),
    "a length beyond 64 bits": (post("abc", "Content-Length: " + "9" * 30), BAD),
    "a length at the limit": (
        post("a" * LARGEST_BODY, f"Content-Length: {LARGEST_BODY}"),
        OK,
    ),
    "a length above the limit": (post("", f"Content-Length: {LARGEST_BODY + 1}"), TOO_LARGE),
    "a length and chunks": (chunked(LAST, "Content-Length: 5"), BAD),
    "chunks and a length": (
        post(LAST, "Content-Length: 5", "Transfer-Encoding: chunked"),
        BAD,
    ),
    "no chunk": (chunked(LAST), OK),
    "a chunk": (chunked("3\r\nabc\r\n" + LAST), OK),
    "two chunks": (chunked("3\r\nabc\r\n2\r\nde\r\n" + LAST), OK),
    "chunks, and another request": (chunked("3\r\nabc\r\n" + LAST) + NEXT, TWO),
    "chunks for GET": (get("Transfer-Encoding: chunked") + LAST + NEXT, TWO),
    "a size with zeros before it": (chunked("0003\r\nabc\r\n" + LAST), OK),
    "a size in upper case": (chunked("A\r\n" + "a" * 10 + "\r\n" + LAST), OK),
    "a size in lower case": (chunked("a\r\n" + "a" * 10 + "\r\n" + LAST), OK),
    "many zeros at the end": (chunked("0000\r\n\r\n"), OK),
    "an extension": (chunked("3;a=b\r\nabc\r\n" + LAST), OK),
    "a quoted extension": (chunked('3;a="b"\r\nabc\r\n' + LAST), OK),
    "an extension of the last chunk": (chunked("0;a\r\n\r\n"), OK),
    "a space after a size": (chunked("3 \r\nabc\r\n" + LAST), OK),
    "a trailer": (chunked("0\r\nX: a\r\n\r\n"), OK),
    "two trailers": (chunked("0\r\nX: a\r\nY: b\r\n\r\n"), OK),
    "a trailer called Content-Length": (chunked("0\r\nContent-Length: 9\r\n\r\n") + NEXT, TWO),
    "Chunked in another case": (post(LAST, "Transfer-Encoding: Chunked"), OK),
    "chunks that end too soon": (chunked("3\r\nab"), ()),
    "chunks without a last one": (chunked("3\r\nabc\r\n"), ()),
    "chunks without an end": (chunked("3\r\nabc\r\n0\r\n"), ()),
    "no size": (chunked("\r\nabc\r\n" + LAST), BAD),
    "a size of letters": (chunked("xyz\r\nabc\r\n" + LAST), BAD),
    "a size with a sign": (chunked("+3\r\nabc\r\n" + LAST), BAD),
    "a negative size": (chunked("-3\r\nabc\r\n" + LAST), BAD),
    "a size with 0x": (chunked("0x3\r\nabc\r\n" + LAST), BAD),
    "a size with an underscore": (chunked("1_0\r\nabc\r\n" + LAST), BAD),
    "a space before a size": (chunked(" 3\r\nabc\r\n" + LAST), BAD),
    "a size of 20 digits": (chunked("f" * 20 + "\r\n" + LAST), BAD),
    "a chunk longer than its size": (chunked("3\r\nabcd\r\n" + LAST), BAD),
    "a chunk shorter than its size": (chunked("4\r\nabc\r\n" + LAST), BAD),
    "a bare LF after a size": (chunked("3\nabc\r\n" + LAST), BAD),
    "a bare LF after a chunk": (chunked("3\r\nabc\n" + LAST), BAD),
    "a bare CR after a size": (chunked("3\rabc\r\n" + LAST), BAD),
    "a bare LF in an extension": (chunked("3;a\nb\r\nabc\r\n" + LAST), BAD),
    "a NUL in an extension": (chunked("3;a\0b\r\nabc\r\n" + LAST), BAD),
    "a bare LF at the end": (chunked("0\r\n\n"), BAD),
    "a trailer without a colon": (chunked("0\r\nX a\r\n\r\n"), BAD),
    "a trailer with a space in its name": (chunked("0\r\nX y: a\r\n\r\n"), BAD),
    "a trailer with a NUL": (chunked("0\r\nX: \0\r\n\r\n"), BAD),
    "a folded trailer": (chunked("0\r\nX: a\r\n b\r\n\r\n"), BAD),
    "a chunk above the limit": (chunked(f"{LARGEST_BODY + 1:x}\r\n"), TOO_LARGE),
    "chunks above the limit": (
        chunked(f"{LARGEST_BODY:x}\r\n" + "a" * LARGEST_BODY + "\r\n1\r\na\r\n" + LAST),
        TOO_LARGE,
    ),
    "chunks at the limit": (
        chunked(f"{LARGEST_BODY:x}\r\n" + "a" * LARGEST_BODY + "\r\n" + LAST),
        OK,
    ),
    "chunks in HTTP/1.0": (line("POST /copy HTTP/1.0", "Transfer-Encoding: chunked") + LAST, BAD),
    "gzip": (post(LAST, "Transfer-Encoding: gzip"), BAD),
    "gzip, and chunks": (post(LAST, "Transfer-Encoding: gzip, chunked"), UNKNOWN),
    "chunks, and gzip": (post(LAST, "Transfer-Encoding: chunked, gzip"), BAD),
    "chunked twice": (post(LAST, "Transfer-Encoding: chunked, chunked"), BAD),
    "chunked in two lines": (
        post(LAST, "Transfer-Encoding: chunked", "Transfer-Encoding: chunked"),
        BAD,
    ),
    "identity": (post("", "Transfer-Encoding: identity"), BAD),
    "an encoding in quotes": (post(LAST, 'Transfer-Encoding: "chunked"'), BAD),
    "an encoding with a tab": (post(LAST, "Transfer-Encoding:\tchunked"), OK),
    "an encoding with a vertical tab": (post(LAST, "Transfer-Encoding: \x0bchunked"), BAD),
    "an encoding with an underscore": (post("", "Transfer_Encoding: chunked"), OK),
    "an encoding with a space in its name": (post(LAST, "Transfer-Encoding : chunked"), BAD),
    "an expectation, and its body": (
        post("abc", "Content-Length: 3", "Expect: 100-continue"),
        OK,
    ),
}

CORPUS: Final[dict[str, tuple[bytes, Answers]]] = {
    f"{part}: {name}": (text.encode("latin-1"), answers)
    for part, inputs in (("line", FIRST_LINES), ("header", HEADERS), ("body", BODIES))
    for name, (text, answers) in inputs.items()
}
