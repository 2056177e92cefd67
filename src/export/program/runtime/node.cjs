//@ missing
const missing = [];
//@ credential
//@ needs: missing
function credential(variable) {
  const value = process.env[variable] || "";
  if (!value) missing.push(variable);
  return value;
}
//@ optional_credential
function optionalCredential(variable) {
  return process.env[variable] || null;
}
//@ credential_or
function credentialOr(variable, standard) {
  return process.env[variable] || standard;
}
//@ key_credential
//@ needs: missing
//@ import: const fs = require("node:fs");
function keyCredential(variable) {
  const value = process.env[variable] || "";
  const path = process.env[variable + "_FILE"] || "";
  if (value || !path) {
    if (!value) missing.push(variable);
    return value;
  }
  const key = fs.readFileSync(path);
  const text = key.toString("utf8");
  return Buffer.from(text, "utf8").equals(key) ? text : key.toString("base64");
}
//@ fail
function fail(message) {
  console.error(message);
  process.exit(1);
}
//@ check_credentials
//@ needs: missing fail
function checkCredentials() {
  if (missing.length > 0) fail("set these environment variables: " + missing.join(", "));
}
//@ token
//@ needs: fail
//@ import: const childProcess = require("node:child_process");
function token(variable, command) {
  let value = process.env[variable] || "";
  if (!value && command.length > 0) {
    const options = { stdio: ["ignore", "pipe", "inherit"] };
    const printed = childProcess.spawnSync(command[0], command.slice(1), options);
    if (printed.status === 0) value = printed.stdout.toString().trim();
  }
  if (!value) fail("there is no token: set the environment variable " + variable);
  return value;
}
//@ unix_milliseconds
function unixMilliseconds() {
  return Date.now();
}
//@ seconds
function seconds(milliseconds) {
  return Math.floor(milliseconds / 1000);
}
//@ time_text
function timeText(milliseconds, east, form) {
  const moment = new Date(milliseconds + east * 1000);
  const days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
  const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
  const digits = (number, count) => String(number).padStart(count, "0");
  const minutes = Math.floor(Math.abs(east) / 60);
  const sign = east < 0 ? "-" : "+";
  const zone = [digits(Math.floor(minutes / 60), 2), digits(minutes % 60, 2)];
  const iso = moment.toISOString();
  const parts = {
    Y: iso.slice(0, 4), y: iso.slice(2, 4), m: iso.slice(5, 7), d: iso.slice(8, 10),
    H: iso.slice(11, 13), M: iso.slice(14, 16), S: iso.slice(17, 19),
    F: iso.slice(0, 10), T: iso.slice(11, 19),
    a: days[moment.getUTCDay()], b: months[moment.getUTCMonth()],
    z: sign + zone.join(""), ":z": sign + zone.join(":"),
    "3f": iso.slice(20, 23), ".3f": iso.slice(19, 23),
  };
  return form.replace(/%(\.3f|3f|:z|[A-Za-z])/g, (_, name) => parts[name]);
}
//@ new_uuid
//@ import: const crypto = require("node:crypto");
function newUuid() {
  return crypto.randomUUID();
}
//@ random_text
//@ import: const crypto = require("node:crypto");
function randomText(length) {
  const letters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  return Array.from({ length }, () => letters[crypto.randomInt(letters.length)]).join("");
}
//@ decimal
function decimal(number) {
  return String(number);
}
//@ or_empty
function orEmpty(text) {
  return text === null ? "" : text;
}
//@ present
//@ needs: fail
function present(text, name) {
  if (text === null) fail("there is no value for " + name);
  return text;
}
//@ filled
function filled(text) {
  return text !== null && text !== "";
}
//@ equal
function equal(left, right) {
  return left === right;
}
//@ slice_from
function sliceFrom(text, start) {
  return Array.from(text).slice(start).join("");
}
//@ slice_to
function sliceTo(text, end) {
  return Array.from(text).slice(0, end).join("");
}
//@ percent_encoded
function percentEncoded(text, kept) {
  const code = (byte) => "%" + byte.toString(16).toUpperCase().padStart(2, "0");
  const letter = (byte) => String.fromCharCode(byte);
  const encoded = (byte) => (kept.test(letter(byte)) ? letter(byte) : code(byte));
  return Array.from(Buffer.from(text, "utf8"), encoded).join("");
}
//@ rfc3986
//@ needs: percent_encoded
function rfc3986(text) {
  return percentEncoded(text, /[A-Za-z0-9._~-]/);
}
//@ form_encoded
//@ needs: percent_encoded
function formEncoded(text) {
  return percentEncoded(text, /[A-Za-z0-9._* -]/).replaceAll(" ", "+");
}
//@ lower
function lower(text) {
  return text.toLowerCase();
}
//@ upper
function upper(text) {
  return text.toUpperCase();
}
//@ trimmed
function trimmed(text) {
  return text.trim();
}
//@ replaced
function replaced(text, old, by) {
  return text.split(old).join(by);
}
//@ split
function split(text, by) {
  return text.split(by);
}
//@ first
function first(texts) {
  return texts[0];
}
//@ last
function last(texts) {
  return texts[texts.length - 1];
}
//@ length
function length(text) {
  return Array.from(text).length;
}
//@ join
function join(texts, between) {
  return texts.join(between);
}
//@ also
function also(pairs, more) {
  return pairs.concat(more);
}
//@ drop_names
function dropNames(pairs, names) {
  return pairs.filter(([name]) => !names.includes(name));
}
//@ only_names
function onlyNames(pairs, names) {
  return pairs.filter(([name]) => names.includes(name));
}
//@ nonempty
function nonempty(pairs) {
  return pairs.filter(([, value]) => value !== "");
}
//@ bytesort
function bytesort(pairs) {
  const order = (left, right) => Buffer.compare(Buffer.from(left), Buffer.from(right));
  return [...pairs].sort((left, right) => order(left[0], right[0]) || order(left[1], right[1]));
}
//@ encoded
//@ needs: rfc3986
function encoded(pairs) {
  return pairs.map(([name, value]) => [rfc3986(name), rfc3986(value)]);
}
//@ form_encoded_pairs
//@ needs: form_encoded
function formEncodedPairs(pairs) {
  return pairs.map(([name, value]) => [formEncoded(name), formEncoded(value)]);
}
//@ folded
function folded(pairs) {
  const fold = (text) => text.split(/[ \t\n\f\r]+/).filter((part) => part !== "").join(" ");
  return pairs.map(([name, value]) => [fold(name), fold(value)]);
}
//@ merged
function merged(pairs, between) {
  const values = new Map();
  for (const [name, value] of pairs) {
    values.set(name, values.has(name) ? values.get(name) + between + value : value);
  }
  return [...values];
}
//@ names
function names(pairs) {
  return pairs.map(([name]) => name);
}
//@ concat
function concat(pairs, inner, outer) {
  return pairs.map(([name, value]) => name + inner + value).join(outer);
}
//@ utf8
function utf8(text) {
  return Buffer.from(text, "utf8");
}
//@ joined_bytes
function joinedBytes(...parts) {
  return Buffer.concat(parts);
}
//@ from_hex
function fromHex(text) {
  return Buffer.from(text, "hex");
}
//@ from_base64
function fromBase64(text) {
  return Buffer.from(text, "base64");
}
//@ from_base64url
function fromBase64url(text) {
  return Buffer.from(text, "base64url");
}
//@ to_hex
function toHex(data) {
  return data.toString("hex");
}
//@ to_hex_upper
function toHexUpper(data) {
  return data.toString("hex").toUpperCase();
}
//@ to_base64
function toBase64(data) {
  return data.toString("base64");
}
//@ to_base64url
function toBase64url(data) {
  return data.toString("base64url");
}
//@ hash_bytes
//@ import: const crypto = require("node:crypto");
function hashBytes(algorithm, data) {
  return crypto.createHash(algorithm).update(data).digest();
}
//@ hmac_bytes
//@ import: const crypto = require("node:crypto");
function hmacBytes(algorithm, key, data) {
  return crypto.createHmac(algorithm, key).update(data).digest();
}
//@ bcrypt_hash
//@ library: bcryptjs
//@ import: const bcrypt = require("bcryptjs");
function bcryptHash(password, salt) {
  return bcrypt.hashSync(password, salt);
}
//@ private_key
//@ needs: fail
//@ import: const crypto = require("node:crypto");
function privateKey(text) {
  const block = /-----BEGIN [A-Z ]*PRIVATE KEY-----([\s\S]*?)-----END/.exec(text);
  const body = (block ? block[1] : text).replace(/\\n|\\r|\s/g, "");
  let key = Buffer.from(body, "base64");
  if (key.length === 32) {
    key = Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), key]);
  }
  for (const type of ["pkcs8", "pkcs1", "sec1"]) {
    try {
      return crypto.createPrivateKey({ key, format: "der", type });
    } catch {
      // A key of another type.
    }
  }
  return fail("the private key is none");
}
//@ sign_rsa_pkcs1
//@ needs: private_key
//@ import: const crypto = require("node:crypto");
function signRsaPkcs1(algorithm, key, data) {
  const padding = crypto.constants.RSA_PKCS1_PADDING;
  return crypto.sign(algorithm, data, { key: privateKey(key), padding });
}
//@ sign_rsa_pss
//@ needs: private_key
//@ import: const crypto = require("node:crypto");
function signRsaPss(algorithm, key, data) {
  const padding = crypto.constants.RSA_PKCS1_PSS_PADDING;
  const saltLength = crypto.constants.RSA_PSS_SALTLEN_DIGEST;
  return crypto.sign(algorithm, data, { key: privateKey(key), padding, saltLength });
}
//@ sign_ecdsa
//@ needs: private_key
//@ import: const crypto = require("node:crypto");
function signEcdsa(curve, algorithm, form, key, data) {
  const dsaEncoding = form === "der" ? "der" : "ieee-p1363";
  return crypto.sign(algorithm, data, { key: privateKey(key), dsaEncoding });
}
//@ sign_ed25519
//@ needs: private_key
//@ import: const crypto = require("node:crypto");
function signEd25519(key, data) {
  return crypto.sign(null, data, privateKey(key));
}
//@ quoted
function quoted(text) {
  return JSON.stringify(text);
}
//@ quoted_or_null
//@ needs: quoted
function quotedOrNull(text) {
  return text === null ? "null" : quoted(text);
}
//@ number_or_null
function numberOrNull(text) {
  return text === null ? "null" : text;
}
//@ with_json_member
function withJsonMember(members, name, value) {
  if (value === null) return members;
  return [...members.filter(([known]) => known !== name), [name, value, value]];
}
//@ with_text_member
//@ needs: quoted
function withTextMember(members, name, text) {
  if (text === null) return members;
  return [...members.filter(([known]) => known !== name), [name, quoted(text), text]];
}
//@ json_object
//@ needs: quoted
function jsonObject(members) {
  return "{" + members.map(([name, value]) => quoted(name) + ":" + value).join(",") + "}";
}
//@ member_pairs
function memberPairs(members) {
  return members.map(([name, , text]) => [name, text]);
}
//@ with_pair
function withPair(pairs, name, value) {
  return value === null ? pairs : [...pairs, [name, value]];
}
//@ with_header
function withHeader(headers, name, value) {
  if (value === null) return headers;
  return [...headers.filter(([known]) => known !== name), [name, value]];
}
//@ with_default_header
function withDefaultHeader(headers, name, value) {
  return headers.some(([known]) => known === name) ? headers : [[name, value], ...headers];
}
//@ header
//@ needs: fail
function header(headers, name) {
  const found = headers.find(([known]) => known === name);
  return found ? found[1] : fail("the request has no header " + name);
}
//@ query_text
//@ needs: rfc3986
function queryText(pairs) {
  return pairs.map(([name, value]) => rfc3986(name) + "=" + rfc3986(value)).join("&");
}
//@ form_text
//@ needs: form_encoded
function formText(pairs) {
  return pairs.map(([name, value]) => formEncoded(name) + "=" + formEncoded(value)).join("&");
}
//@ with_parameters
function withParameters(query, more) {
  return [query, more].filter((part) => part !== "").join("&");
}
//@ with_parameter
//@ needs: query_text with_parameters
function withParameter(query, name, value) {
  return value === null ? query : withParameters(query, queryText([[name, value]]));
}
//@ with_field
//@ needs: form_text with_parameters
function withField(form, name, value) {
  return value === null ? form : withParameters(form, formText([[name, value]]));
}
//@ target
function target(path, query) {
  return query === "" ? path : path + "?" + query;
}
//@ send
//@ needs: fail
//@ import: const http = require("node:http");
//@ import: const https = require("node:https");
function send(method, origin, targetLine, headers, body) {
  const address = new URL(origin);
  const hostname = address.hostname.replace(/^\[|\]$/g, "");
  const { request } = address.protocol === "https:" ? https : http;
  // Not `fetch`: the target is sent as it is signed, and no header is added.
  const options = { method, hostname, port: address.port || undefined, path: targetLine };
  const sent = request({ ...options, timeout: 60_000 }, (response) => {
    console.error(response.statusCode, response.statusMessage);
    response.pipe(process.stdout);
    response.on("end", () => {
      if (response.statusCode >= 400) process.exitCode = 1;
    });
  });
  const title = (name) => name.replace(/(^|-)[a-z]/g, (part) => part.toUpperCase());
  for (const [name] of headers) {
    const values = headers.filter(([known]) => known === name).map(([, value]) => value);
    const bytes = values.map((value) => Buffer.from(value, "utf8").toString("latin1"));
    sent.setHeader(title(name), bytes.length === 1 ? bytes[0] : bytes);
  }
  if (body.length > 0 || ["POST", "PUT", "PATCH"].includes(method)) {
    sent.setHeader("Content-Length", body.length);
  }
  sent.on("timeout", () => sent.destroy(new Error("there is no response")));
  sent.on("error", (error) => fail(error.message));
  sent.end(body.length > 0 ? body : undefined);
}
