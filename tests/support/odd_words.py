"""What nobody expects in a field, an argument, a path or a header."""

from random import Random
from urllib.parse import quote_from_bytes

from chatgee.store.reading.talks import TalkKind
from chatgee.store.reading.usage_figures import Span
from chatgee.web import session

NUMBERS = (
    *("0", "1", "-1", "+1", " 1", "1_000", "0x10", "1.5", "1e3", "1e999", "-1e999", "1e-400"),
    *("nan", "-nan", "inf", "-inf", "Infinity", "2147483648", "-2147483649", "9223372036854775808"),
    *("9" * 30, "-" + "9" * 30, "9" * 400, "9" * 5000, "-" + "9" * 5000, "0." + "3" * 5000),
    *("٣", "²", "½", "Ⅷ", "３", "1٣", "१२", "\u0661\u0662.5"),
)
DAYS = (
    *("2026-11-23", "0001-01-01", "9999-12-31", "2026-02-30", "2026-13-45", "26-1-1", "٢٠٢٦-١١-٢٣"),
    *("-001-01-01", "2026-11-23T00:00", "2026-11-23\0", "10000-01-01", "0000-00-00"),
)
TEXTS = (
    *("", " ", "\0", "a\0b", "\r\nX-Forged: 1", "\x1b[31m", "\x7f", "\u2028", "\u202e", "\ufeff"),
    *("%", "%zz", "%00", "%s%n", "\\", "'", '"', "' OR 1=1 --", "<script>alert(1)</script>"),
    *("{", "}", "{}", "{t}", "{0}", "{0.__class__}", "{question.__init__}", "{{7*7}}", "${7*7}"),
    *(
        "가나다",
        "\u1100\u1161",
        "👍" * 50,
        "👨\u200d👩\u200d👧",
        "e\u0301",
        "\ud800",
        "\udfff가",
        "\U0010ffff",
    ),
    *("true", "null", "None", "[]", "{}", "[1,[2]]", "[[" * 5000, "on", "__proto__", "constructor"),
    *("a" * 300, "가" * 3000, "x\n" * 2000, "a," * 1000, "=" * 50, "&", "+", ";", "#", "?", "*"),
)
PATHS = (
    *(
        "/",
        "//",
        "///",
        "/talks",
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil",
    ),
    *("..", "../..", "../../etc/passwd", "..\\..\\x", "/etc/passwd", "C:\\x", "file:///etc/passwd"),
    *("https://evil.example", "https://evil.example/talks", "javascript:alert(1)", "CON", "~", "."),
)
ADDRESSES = (
    *("http://127.0.0.1:9/v1", "http://127.0.0.1:9/\0", "http://127.0.0.1:99999", "http://[::1"),
    *("http://127.0.0.1:٣", "http://[::1]:9/v1", "http://a:b@127.0.0.1:9", "http://", "http://:9"),
    *("http://127.0.0.1:9/" + "x" * 3000, "http://" + "a" * 70 + ".localhost:9", "http://xn--:9"),
    *(
        "http://가.invalid",
        "http://a..b:9",
        "http://\u2024:9",
        "http://127.0.0.1:9/v1?x#y",
        "x://y",
    ),
)
KNOWN = (
    *("friend-1", "friend-2", "openai", "local", "later", "ngrok", "temporary", "csv", "PORT"),
    *(*TalkKind, *Span, "saved", "deleted", "restored", "ERROR", "all", "add", "up-1", "remove-0"),
    *(
        "up-" + "9" * 5000,
        "up-²",
        "down-٣",
        "remove-99",
        "add-",
        "-",
        "card",
        "reply.greeting",
        "desk-abcd",
    ),
)
"""Of which a page knows some, so that the odd things beside them are looked at."""

WORDS = (NUMBERS, NUMBERS, DAYS, TEXTS, PATHS, ADDRESSES, KNOWN, KNOWN)

HEADERS: dict[str, tuple[str, ...]] = {
    "Host": (
        "",
        "evil.example",
        "127.0.0.1",
        "localhost:99999",
        "[::1",
        "[::1]",
        "[v1.x]",
        "a b",
        "/x",
    ),
    "Origin": (
        "null",
        "https://evil.example",
        "http://[",
        "http://127.0.0.1",
        "https://a:b@c",
        "가",
    ),
    "Referer": ("https://evil.example/talks", "", "http://[", "/talks"),
    "Cookie": (
        *(f"{session.COOKIE}={value}" for value in ("", ".", "..", "e30.made-up.x", "x" * 4000)),
        *(f"{session.COOKIE}={value}" for value in (".eJx.x.x", '"\\377"', "e30", "\xff", "a;a")),
        *("=", ";;;", "a", f"{session.COOKIE}", "session=x", "a=" + "b" * 3000, "$Version=1; a=b"),
    ),
    "Accept": (
        "text/html",
        "*/*",
        "",
        "text/html;q=x",
        "text/html;q=nan",
        "," * 500,
        "text/",
        "가",
    ),
    "Accept-Language": ("ko", "xx;q=9", "*"),
    "Accept-Encoding": ("gzip", "identity;q=0", "br;q=1e999", "*;q=-1", ""),
    "Authorization": (
        "Basic",
        "Basic x",
        "Basic /////w==",
        "Bearer x",
        "Digest x=y",
        "Basic Og==",
        "",
    ),
    "Content-Encoding": ("gzip", "br", "x", "gzip, gzip"),
    "Content-Language": ("ko", "\xff"),
    "X-Forwarded-For": (
        "",
        "203.0.113.5",
        "127.0.0.1",
        "::1, x",
        "x" * 500,
        "," * 300,
        "\xff",
        "unknown",
    ),
    "X-Forwarded-Host": ("evil.example", "127.0.0.1"),
    "X-Forwarded-Proto": ("https", "x"),
    "X-Forwarded-Prefix": ("/evil", "//evil.example"),
    "X-Real-IP": ("127.0.0.1", "x"),
    "Forwarded": ("for=127.0.0.1;host=evil.example", 'for="[', ""),
    "Sec-Fetch-Site": ("same-origin", "none", "cross-site", "same-site", "x", ""),
    "Sec-Fetch-Mode": ("navigate", "cors", "no-cors", ""),
    "Sec-Fetch-Dest": ("document", "image", "iframe", ""),
    "HX-Request": ("true", "false", ""),
    "HX-Current-URL": ("https://evil.example/", "x"),
    "HX-Boosted": ("true",),
    "Range": (
        *(
            "bytes=0-0",
            "bytes=-1",
            "bytes=5-",
            "bytes=9-1",
            "bytes=0-0,2-3",
            "bytes=x",
            "items=0-1",
        ),
        *(
            "bytes=" + "9" * 5000 + "-",
            "bytes=-0",
            "bytes=²-٣",
            "bytes=0-" + "9" * 30,
            "bytes=,",
            "",
        ),
        *("bytes=0-0," * 500, "bytes"),
    ),
    "If-Range": ('"x"', "Mon, 23 Nov 2026 00:00:00 GMT", "x", "\xff"),
    "If-None-Match": ("*", '"x"', 'W/"x"', "x", '"', ",,,", '"\xff"'),
    "If-Match": ("*", '"x"', "x"),
    "If-Modified-Since": (
        *("Mon, 23 Nov 2026 00:00:00 GMT", "x", "", "Mon, 99 Nov 99999 99:99:99 GMT"),
        *("Mon, 23 Nov 2026 00:00:00 +9999", "Mon, 01 Jan 0001 00:00:00 GMT", "٣ Nov 2026", "0"),
        *("Fri, 31 Dec 9999 23:59:59 -2359", "1 Jan 1 00:00:00 +2359"),
    ),
    "If-Unmodified-Since": ("Mon, 01 Jan 1990 00:00:00 GMT", "x", "0"),
    "Date": ("x",),
    "User-Agent": ("", "x" * 5000, "\xff", "curl/8"),
    "X-CSRF-Token": ("", "wrong", "\xff", "가", "x" * 3000),
    "X-ChatGee-Key": ("", "wrong", "\xff", "가"),
    "X-ChatGee-Doctor": ("x", "\xff", "x" * 3000),
    "X-HTTP-Method-Override": ("DELETE", "GET"),
    "X-Rewrite-URL": ("/talks",),
    "Upgrade": ("websocket", "h2c"),
    "Connection": ("Upgrade", "close", "keep-alive, X-Forwarded-For", "x"),
    "TE": ("trailers",),
    "Max-Forwards": ("0", "x"),
    "Cache-Control": ("no-cache", "max-age=x"),
    "Pragma": ("x",),
    "Expect": ("100-continue", "x"),
    "X-Script-Name": ("/evil",),
    "Proxy": ("http://evil.example",),
    "X-Odd": ("", "\xff\xfe", "x" * 20_000, "\t \t", "(" * 500),
}
"""Values are sent as UTF-8, but for \\xff and \\xfe, which are sent as they are."""


def word(random: Random) -> str:
    return random.choice(random.choice(WORDS))


def header_bytes(value: str) -> bytes:
    return b"".join(one.encode("latin-1" if one in "\xff\xfe" else "utf-8") for one in value)


def as_bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def escaped(random: Random, text: str) -> str:
    """Percent-encoded, now and then also what need not be, or with a byte that is no UTF-8."""
    match random.randrange(20):
        case 0:
            return "".join(f"%{byte:02x}" for byte in as_bytes(text))
        case 1:
            return quote_from_bytes(as_bytes(text), safe="") + random.choice(["%ff", "%", "%u0041"])
        case 2:
            return quote_from_bytes(as_bytes(text), safe="/\\:;,+=[]{}'\"<>|^`@!$*()~")
    return quote_from_bytes(as_bytes(text), safe="")
