"""Runs one client library against the sandbox: `driver.py LIBRARY`.

`CLIENT_BASE` is the base URL, and the test keys are in the variables that `ingam sandbox` prints.
A library is not changed: only its base URL is, or where it has none the host that it connects to.
"""

import contextlib
import importlib.metadata
import inspect
import json
import os
import sys
import urllib.request

# For a secret or key that is not the test one.
WRONG = "wrong-secret-of-the-same-kind"
ORIGIN = os.environ["CLIENT_ORIGIN"]
BASE = os.environ["CLIENT_BASE"]
CLIENTS = {}


def client(name):
    """Registers the driver of a library by its name in the package index."""

    def register(function):
        CLIENTS[name] = function
        return function

    return register


def key(name):
    """A test key of the sandbox."""
    return os.environ["INGAM_" + name]


@contextlib.contextmanager
def call(name, answer=None):
    """Calls inside belong to `name`; an accepted one is answered with `answer`.

    Libraries raise for what is refused, and some for an answer that they do not know. Neither is
    the verdict: the sandbox gives it.
    """
    body = name + "\n" + json.dumps({} if answer is None else answer)
    request = urllib.request.Request(ORIGIN + "/.next-call", body.encode(), method="POST")
    OPEN(request).read()
    try:
        yield
    except Exception as error:  # noqa: BLE001
        print(f"{name}: {type(error).__name__}: {str(error)[:300]}", file=sys.stderr)


# Saved before a driver redirects anything.
OPEN = urllib.request.urlopen


def control(path):
    """A control of the sandbox, such as `expire?what=access`."""
    OPEN(urllib.request.Request(f"{ORIGIN}/.ingam/{path}", b"", method="POST")).read()


def code_of(link, name="code"):
    """Signs in on the page of an authorization link, as its first account; the code that returns."""
    import html
    import re
    import urllib.parse

    page = OPEN(at_sandbox(link)).read().decode()
    back = html.unescape(re.search('href="([^"]+)"', page).group(1))
    return urllib.parse.parse_qs(urllib.parse.urlsplit(back).query)[name][0]


def at(seconds):
    """The clock of this process, so many seconds off."""
    import datetime

    import freezegun

    moment = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)
    return freezegun.freeze_time(moment, tick=True, real_asyncio=True)


def redirect():
    """For libraries whose address is written into their code: `requests` and `httpx` connect to the
    sandbox. What is sent stays as the library made it, but for the host.
    """
    import requests.adapters

    send = requests.adapters.HTTPAdapter.send

    def to_sandbox(self, request, *args, **more):
        request.url = at_sandbox(request.url)
        return send(self, request, *args, **more)

    requests.adapters.HTTPAdapter.send = to_sandbox
    with contextlib.suppress(ImportError):
        redirect_httpx()


def redirect_httpx():
    import httpx

    handle = httpx.HTTPTransport.handle_request

    def to_sandbox(self, request):
        request.url = httpx.URL(at_sandbox(str(request.url)))
        request.headers["host"] = ORIGIN.removeprefix("http://")
        return handle(self, request)

    httpx.HTTPTransport.handle_request = to_sandbox


def at_sandbox(url):
    """The same address on the sandbox."""
    scheme, rest = url.split("://", 1)
    del scheme
    return ORIGIN + rest[rest.index("/") :] if "/" in rest else ORIGIN


def main():
    import asia  # noqa: F401  registers its functions
    import west  # noqa: F401

    name = sys.argv[1]
    try:
        version = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        print("not installed")
        return
    print("version", version)
    ran = CLIENTS[name]()
    if inspect.isawaitable(ran):
        import asyncio

        asyncio.run(ran)


if __name__ == "__main__":
    sys.modules["driver"] = sys.modules["__main__"]
    main()
