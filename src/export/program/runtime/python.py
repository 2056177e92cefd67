#@ missing
missing = []
#@ credential
#@ needs: missing
#@ import: import os
def credential(variable):
    value = os.environ.get(variable, "")
    if not value:
        missing.append(variable)
    return value
#@ optional_credential
#@ import: import os
def optional_credential(variable):
    return os.environ.get(variable) or None
#@ credential_or
#@ import: import os
def credential_or(variable, default):
    return os.environ.get(variable) or default
#@ key_credential
#@ needs: missing to_base64
#@ import: import os
def key_credential(variable):
    value = os.environ.get(variable, "")
    path = os.environ.get(variable + "_FILE", "")
    if value or not path:
        if not value:
            missing.append(variable)
        return value
    with open(path, "rb") as file:
        key = file.read()
    try:
        return key.decode()
    except UnicodeDecodeError:
        return to_base64(key)
#@ check_credentials
#@ needs: missing
#@ import: import sys
def check_credentials():
    if missing:
        sys.exit("set these environment variables: " + ", ".join(missing))
#@ token
#@ import: import os
#@ import: import subprocess
#@ import: import sys
def token(variable, command):
    value = os.environ.get(variable, "")
    if not value and command:
        try:
            printed = subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout
            value = printed.decode().strip()
        except (OSError, subprocess.CalledProcessError) as error:
            print(error, file=sys.stderr)
    if not value:
        sys.exit("there is no token: set the environment variable " + variable)
    return value
#@ unix_milliseconds
#@ import: import time
def unix_milliseconds():
    return time.time_ns() // 1_000_000
#@ seconds
def seconds(milliseconds):
    return milliseconds // 1000
#@ time_text
#@ import: import datetime
#@ import: import re
def time_text(milliseconds, east, form):
    start = datetime.datetime(1970, 1, 1)
    moment = start + datetime.timedelta(milliseconds=milliseconds, seconds=east)
    days = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
    months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    zone = "%s%02d" % ("-" if east < 0 else "+", abs(east) // 3600)
    minutes = "%02d" % (abs(east) // 60 % 60)
    date = "%04d-%02d-%02d" % (moment.year, moment.month, moment.day)
    clock = "%02d:%02d:%02d" % (moment.hour, moment.minute, moment.second)
    parts = {
        "Y": "%04d" % moment.year, "y": "%02d" % (moment.year % 100),
        "m": date[5:7], "d": date[8:10], "H": clock[0:2], "M": clock[3:5], "S": clock[6:8],
        "F": date, "T": clock, "a": days[moment.weekday()], "b": months[moment.month - 1],
        "z": zone + minutes, ":z": zone + ":" + minutes,
        "3f": "%03d" % (milliseconds % 1000), ".3f": ".%03d" % (milliseconds % 1000),
    }
    return re.sub(r"%(\.3f|3f|:z|[A-Za-z])", lambda found: parts[found.group(1)], form)
#@ new_uuid
#@ import: import uuid
def new_uuid():
    return str(uuid.uuid4())
#@ random_text
#@ import: import secrets
#@ import: import string
def random_text(length):
    letters = string.digits + string.ascii_letters
    return "".join(secrets.choice(letters) for _ in range(length))
#@ decimal
def decimal(number):
    return str(number)
#@ or_empty
def or_empty(text):
    return "" if text is None else text
#@ present
#@ import: import sys
def present(text, name):
    if text is None:
        sys.exit("there is no value for " + name)
    return text
#@ filled
def filled(text):
    return bool(text)
#@ equal
def equal(left, right):
    return left == right
#@ slice_from
def slice_from(text, start):
    return text[start:]
#@ slice_to
def slice_to(text, end):
    return text[:end]
#@ rfc3986
#@ import: import urllib.parse
def rfc3986(text):
    return urllib.parse.quote(text, safe="-._~")
#@ form_encoded
#@ import: import urllib.parse
def form_encoded(text):
    return urllib.parse.quote_plus(text, safe="*-._").replace("~", "%7E")
#@ lower
def lower(text):
    return text.lower()
#@ upper
def upper(text):
    return text.upper()
#@ trimmed
def trimmed(text):
    return text.strip()
#@ replaced
def replaced(text, old, new):
    return text.replace(old, new)
#@ split
def split(text, by):
    return text.split(by)
#@ first
def first(texts):
    return texts[0]
#@ last
def last(texts):
    return texts[-1]
#@ length
def length(text):
    return len(text)
#@ join
def join(texts, between):
    return between.join(texts)
#@ also
def also(pairs, more):
    return pairs + more
#@ drop_names
def drop_names(pairs, names):
    return [pair for pair in pairs if pair[0] not in names]
#@ only_names
def only_names(pairs, names):
    return [pair for pair in pairs if pair[0] in names]
#@ nonempty
def nonempty(pairs):
    return [pair for pair in pairs if pair[1] != ""]
#@ bytesort
def bytesort(pairs):
    return sorted(pairs, key=lambda pair: (pair[0].encode(), pair[1].encode()))
#@ encoded
#@ needs: rfc3986
def encoded(pairs):
    return [(rfc3986(name), rfc3986(value)) for name, value in pairs]
#@ form_encoded_pairs
#@ needs: form_encoded
def form_encoded_pairs(pairs):
    return [(form_encoded(name), form_encoded(value)) for name, value in pairs]
#@ folded
#@ import: import re
def folded(pairs):
    def fold(text):
        return " ".join(part for part in re.split("[ \t\n\f\r]+", text) if part)

    return [(fold(name), fold(value)) for name, value in pairs]
#@ merged
def merged(pairs, between):
    values = {}
    for name, value in pairs:
        values[name] = values[name] + between + value if name in values else value
    return list(values.items())
#@ names
def names(pairs):
    return [name for name, _ in pairs]
#@ concat
def concat(pairs, inner, outer):
    return outer.join(name + inner + value for name, value in pairs)
#@ utf8
def utf8(text):
    return text.encode()
#@ joined_bytes
def joined_bytes(*parts):
    return b"".join(parts)
#@ from_hex
def from_hex(text):
    return bytes.fromhex(text)
#@ from_base64
#@ import: import base64
def from_base64(text):
    return base64.b64decode(text, validate=True)
#@ from_base64url
#@ import: import base64
def from_base64url(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
#@ to_hex
def to_hex(data):
    return data.hex()
#@ to_hex_upper
def to_hex_upper(data):
    return data.hex().upper()
#@ to_base64
#@ import: import base64
def to_base64(data):
    return base64.b64encode(data).decode()
#@ to_base64url
#@ import: import base64
def to_base64url(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
#@ hash_bytes
#@ import: import hashlib
def hash_bytes(algorithm, data):
    return hashlib.new(algorithm, data).digest()
#@ hmac_bytes
#@ import: import hmac
def hmac_bytes(algorithm, key, data):
    return hmac.new(key, data, algorithm).digest()
#@ bcrypt_hash
#@ library: bcrypt
#@ import: import bcrypt
def bcrypt_hash(password, salt):
    return bcrypt.hashpw(password.encode(), salt.encode()).decode()
#@ private_key
#@ needs: from_base64
#@ library: cryptography
#@ import: import re
#@ import: from cryptography.hazmat.primitives import serialization
#@ import: from cryptography.hazmat.primitives.asymmetric import ed25519
def private_key(text):
    block = re.search(r"-----BEGIN [A-Z ]*PRIVATE KEY-----(.*?)-----END", text, re.DOTALL)
    body = block.group(1) if block else text
    body = re.sub(r"\\n|\\r|\s", "", body)
    der = from_base64(body + "=" * (-len(body) % 4))
    if len(der) == 32:
        return ed25519.Ed25519PrivateKey.from_private_bytes(der)
    return serialization.load_der_private_key(der, None)
#@ hash_of
#@ library: cryptography
#@ import: from cryptography.hazmat.primitives import hashes
def hash_of(algorithm):
    return getattr(hashes, algorithm.upper())()
#@ sign_rsa_pkcs1
#@ needs: private_key hash_of
#@ library: cryptography
#@ import: from cryptography.hazmat.primitives.asymmetric import padding
def sign_rsa_pkcs1(algorithm, key, data):
    return private_key(key).sign(data, padding.PKCS1v15(), hash_of(algorithm))
#@ sign_rsa_pss
#@ needs: private_key hash_of
#@ library: cryptography
#@ import: from cryptography.hazmat.primitives.asymmetric import padding
def sign_rsa_pss(algorithm, key, data):
    hashing = hash_of(algorithm)
    pss = padding.PSS(mgf=padding.MGF1(hashing), salt_length=hashing.digest_size)
    return private_key(key).sign(data, pss, hashing)
#@ sign_ecdsa
#@ needs: private_key hash_of
#@ library: cryptography
#@ import: from cryptography.hazmat.primitives.asymmetric import ec
#@ import: from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
def sign_ecdsa(curve, algorithm, form, key, data):
    signature = private_key(key).sign(data, ec.ECDSA(hash_of(algorithm)))
    if form == "der":
        return signature
    size = {"P-256": 32, "P-384": 48}[curve]
    return b"".join(part.to_bytes(size, "big") for part in decode_dss_signature(signature))
#@ sign_ed25519
#@ needs: private_key
def sign_ed25519(key, data):
    return private_key(key).sign(data)
#@ quoted
#@ import: import json
def quoted(text):
    return json.dumps(text, ensure_ascii=False)
#@ quoted_or_null
#@ needs: quoted
def quoted_or_null(text):
    return "null" if text is None else quoted(text)
#@ number_or_null
def number_or_null(text):
    return "null" if text is None else text
#@ with_json_member
def with_json_member(members, name, value):
    if value is None:
        return members
    return [member for member in members if member[0] != name] + [(name, value, value)]
#@ with_text_member
#@ needs: quoted
def with_text_member(members, name, text):
    if text is None:
        return members
    return [member for member in members if member[0] != name] + [(name, quoted(text), text)]
#@ json_object
#@ needs: quoted
def json_object(members):
    return "{" + ",".join(quoted(name) + ":" + value for name, value, _ in members) + "}"
#@ member_pairs
def member_pairs(members):
    return [(name, text) for name, _, text in members]
#@ with_pair
def with_pair(pairs, name, value):
    return pairs if value is None else pairs + [(name, value)]
#@ with_header
def with_header(headers, name, value):
    if value is None:
        return headers
    return [header for header in headers if header[0] != name] + [(name, value)]
#@ with_default_header
def with_default_header(headers, name, value):
    return headers if name in [known for known, _ in headers] else [(name, value)] + headers
#@ header
#@ import: import sys
def header(headers, name):
    for known, value in headers:
        if known == name:
            return value
    sys.exit("the request has no header " + name)
#@ query_text
#@ needs: rfc3986
def query_text(pairs):
    return "&".join(rfc3986(name) + "=" + rfc3986(value) for name, value in pairs)
#@ form_text
#@ needs: form_encoded
def form_text(pairs):
    return "&".join(form_encoded(name) + "=" + form_encoded(value) for name, value in pairs)
#@ with_parameters
def with_parameters(query, more):
    return "&".join(part for part in (query, more) if part)
#@ with_parameter
#@ needs: query_text with_parameters
def with_parameter(query, name, value):
    return query if value is None else with_parameters(query, query_text([(name, value)]))
#@ with_field
#@ needs: form_text with_parameters
def with_field(form, name, value):
    return form if value is None else with_parameters(form, form_text([(name, value)]))
#@ target
def target(path, query):
    return path + "?" + query if query else path
#@ send
#@ import: import http.client
#@ import: import sys
#@ import: import urllib.parse
def send(method, origin, target_line, headers, body):
    address = urllib.parse.urlsplit(origin)
    is_https = address.scheme == "https"
    connect = http.client.HTTPSConnection if is_https else http.client.HTTPConnection
    connection = connect(address.hostname, address.port, timeout=60)
    # Not `request`: the target is sent as it is signed, and no header is added.
    connection.putrequest(method, target_line, skip_accept_encoding=True)
    for name, value in headers:
        title = "-".join(part.capitalize() for part in name.split("-"))
        connection.putheader(title, value.encode())
    if body or method in ("POST", "PUT", "PATCH"):
        connection.putheader("Content-Length", str(len(body)))
    connection.endheaders(body or None)
    response = connection.getresponse()
    print(response.status, response.reason, file=sys.stderr)
    sys.stdout.buffer.write(response.read())
    sys.stdout.flush()
    if response.status >= 400:
        sys.exit(1)
