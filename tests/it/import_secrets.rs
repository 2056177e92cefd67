//! Credentials in imported files: whatever place one stands in, it is in no written file but `.env`
//! and in no output.

use super::program::{Folder, ingam, text};
use std::path::Path;

/// Every text of the files below a folder but `.env`, with their names.
fn all_texts(folder: &Path, out: &mut String) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        out.push_str(&format!("\n=== {}\n", path.display()));
        if path.is_dir() {
            all_texts(&path, out);
        } else if path.file_name().is_some_and(|name| name != ".env") {
            out.push_str(&std::fs::read_to_string(&path).unwrap());
        }
    }
}

/// The texts that an import writes and says, and the `.env`. Each secret holds `93kd`.
fn import(name: &str, content: &str) -> (String, String) {
    let folder = Folder::new();
    folder.write(
        "ingam.yaml",
        "default_env: live\nredact:\n  - $..buyer_name\n",
    );
    let given = Folder::new();
    let path = given.write(name, content);
    let mut said = String::new();
    for args in [&["--dry-run"][..], &[]] {
        let mut command = ingam(folder.path());
        command.arg("import").args(args).arg(&path);
        let (out, told, code) = text(&command.output().unwrap());
        assert_eq!(code, 0, "{told}");
        said.push_str(&format!("{out}{told}"));
    }
    all_texts(folder.path(), &mut said);
    if let Some(at) = said.find("93kd") {
        let from = said[..at].rfind('\n').unwrap_or(0);
        let to = said[at..].find('\n').map_or(said.len(), |end| at + end);
        panic!("a secret is written: {}\n{said}", &said[from..to]);
    }
    assert!(!said.contains("\nleft out: "), "{said}");
    let dotenv = std::fs::read_to_string(folder.path().join(".env")).unwrap_or_default();
    (said, dotenv)
}

#[test]
fn no_secret_of_a_postman_collection_is_written_but_to_dotenv() {
    let (said, dotenv) = import("shop.json", POSTMAN);
    for value in [
        "at-93kd93kd01",
        "cs-93kd93kd02",
        "pw-93kd93kd03",
        "'p*a <93kd> ss[04]'",
        "q5-93kd93kd05",
        "your-xxx-93kd93kd",
        "t7-93kd93kd07",
        "x8-93kd93kd08",
        "m9-93kd93kd09",
        "h10-93kd93kd10",
    ] {
        assert!(dotenv.contains(value), "{value}\n{dotenv}\n{said}");
    }
    for expected in ["{{ secret.", "‹response.", "?flag&api_key={{ secret."] {
        assert!(said.contains(expected), "{expected}\n{said}");
    }
    for value in ["Erika Muster", "931193931193"] {
        assert!(!said.contains(value), "{value}\n{said}");
    }
}

#[test]
fn no_secret_of_a_curl_command_is_written_but_to_dotenv() {
    let (_, dotenv) = import("shop.sh", CURL);
    for value in [
        "93kd93kd01",
        "93kd93kd02",
        "93kd93kd03",
        "93kd93kd04",
        "93kd93kd05",
    ] {
        assert!(dotenv.contains(value), "{value}\n{dotenv}");
    }
}

#[test]
fn no_secret_of_an_openapi_document_is_written() {
    let (said, _) = import("shop.yaml", OPENAPI);
    assert!(said.contains("‹response.webhook_secret›"), "{said}");
    assert!(said.contains("secret.password"), "{said}");
}

/// Another value of the user stays, and gets no request of a foreign host.
#[test]
fn the_users_own_secret_is_not_used_for_another_host() {
    let folder = Folder::new();
    folder.write("ingam.yaml", "");
    folder.write(".env", "INGAM_SECRET_API_KEY=mine-93kd93kd\n");
    let given = Folder::new();
    let path = given.write(
        "a.sh",
        "curl 'https://a.example/x?api_key=other-83jd83jd'\n",
    );
    let mut command = ingam(folder.path());
    let (_, told, code) = text(&command.arg("import").arg(path).output().unwrap());
    assert_eq!(code, 0, "{told}");
    let mut written = String::new();
    all_texts(&folder.path().join("requests"), &mut written);
    assert!(written.contains("{{ secret.api_key_2 }}"), "{written}");
    let dotenv = std::fs::read_to_string(folder.path().join(".env")).unwrap();
    assert!(
        dotenv.contains("INGAM_SECRET_API_KEY=mine-93kd93kd\n"),
        "{dotenv}"
    );
    assert!(
        dotenv.contains("INGAM_SECRET_API_KEY_2=other-83jd83jd\n"),
        "{dotenv}"
    );
}

const POSTMAN: &str = r#"{
"info": {"name": "shop", "schema": "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"},
"variable": [
  {"key": "at", "value": "at-93kd93kd01"}, {"key": "cs", "value": "cs-93kd93kd02"},
  {"key": "p", "value": "pw-93kd93kd03"}, {"key": "apiToken", "value": "k-93kd93kd93kd"},
  {"key": "bear", "value": "Bearer b-93kd93kd93"}, {"key": "lang", "value": "de"},
  {"key": "base", "value": "https://a.example"}, {"key": "inner", "value": "i-93kd93kd93"},
  {"key": "outer", "value": "{{inner}}-x"}, {"key": "hook", "value": "https://b.example/?access_token=w-93kd93kd"}
],
"item": [
  {"name": "variables", "request": {"method": "POST", "url": "{{base}}/a?access_token={{at}}&hook={{hook}}",
    "header": [{"key": "Authorization", "value": "{{bear}}"}, {"key": "X-Seller-Token", "value": "{{outer}}"}],
    "body": {"mode": "urlencoded", "urlencoded": [{"key": "client_secret", "value": "{{cs}}"},
      {"key": "auth", "value": "{{apiToken}}", "disabled": true}, {"key": "password", "value": "z-93kd93kd", "disabled": true}]}}},
  {"name": "json at-93kd93kd01", "request": {"method": "POST", "description": "Use at-93kd93kd01 here", "url": "{{base}}/b",
    "header": [{"key": "x-auth", "value": "{{apiToken}}", "disabled": true}, {"key": "x-note", "value": "at-93kd93kd01"}],
    "body": {"mode": "raw", "raw": "{\"password\": \"{{p}}\", \"pwd\": \"p*a <93kd> ss[04]\", \"secret\": [\"l-93kd93kd\"], \"webhook_secret\": 931193931193, \"sellerToken\": \"s-93kd93kd\", \"note\": \"see https://c.example?api_key=n-93kd93kd\"}"}},
    "response": [{"name": "ok", "code": 200, "header": [{"key": "Location", "value": "https://c.example/?token=r-93kd93kd"}, {"key": "Content-Type", "value": "application/json"}],
      "body": "{\"buyer_name\": \"Erika Muster\", \"pwd\": \"r2-93kd93kd\", \"tokens\": {\"token\": [\"r3-93kd93kd\"]}, \"echo\": \"at-93kd93kd01\"}"}]},
  {"name": "bare", "request": {"method": "GET", "url": "https://a.example/c?flag&api_key=q5-93kd93kd05"},
    "response": [{"name": "text", "code": 200, "header": [], "body": "<a><Token>r4-93kd93kd</Token></a>"}]},
  {"name": "names", "request": {"method": "GET", "url": "https://a.example/d?{{lang}}=1&api_key=your-xxx-93kd93kd 06"}},
  {"name": "text", "request": {"method": "POST", "url": "https://a.example/e", "header": [],
    "body": {"mode": "raw", "raw": "{\"id\": {{id}}, \"token\": \"t7-93kd93kd07\"}"}},
    "response": [{"name": "form", "code": 200, "header": [], "body": "a=1&refresh_token=r5-93kd93kd"}]},
  {"name": "xml", "request": {"method": "POST", "url": "https://a.example/f", "header": [{"key": "content-type", "value": "application/xml"}],
    "body": {"mode": "raw", "raw": "<a><password>x8-93kd93kd08</password><b token='x9-93kd93kd'/></a>"}}},
  {"name": "parts", "request": {"method": "POST", "url": "https://a.example/g",
    "body": {"mode": "formdata", "formdata": [{"key": "password", "value": "m9-93kd93kd09", "type": "text"}, {"key": "id", "value": "1", "type": "text"}]}}},
  {"name": "headers", "request": {"method": "GET", "url": "https://u:ub-93kd93kd@a.example/h",
    "header": [{"key": "Cookie", "value": "sid=c-93kd93kd93; lang={{lang}}"}, {"key": "X-Api-Key", "value": "h10-93kd93kd10"},
      {"key": "Authorization", "value": "Token o-93kd93kd93, shop={{lang}}"}]}},
  {"name": "graphql", "request": {"method": "POST", "url": "https://a.example/i",
    "body": {"mode": "graphql", "graphql": {"query": "mutation { login(password: \"g-93kd93kd\") }", "variables": "{\"token\": \"g2-93kd93kd\"}"}}}}
]}"#;

const CURL: &str = r#"
curl 'https://a.example/a?flag&api_key=k-93kd93kd01' -H 'Cookie: sid=c-93kd93kd02; lang=de' -H 'Authorization: Token t-93kd93kd03'
curl https://a.example/b -d 'client_secret=s-93kd93kd04&name=x&flag'
curl -X POST https://a.example/c -H 'content-type: application/json' -d '{"secret": "j-93kd93kd05", "a": {"pwd": "j2-93kd93kd"}, "n": "<b>x</b>"}'
curl -X POST https://a.example/d -H 'content-type: text/xml' -d '<a><Password>x-93kd93kd06</Password></a>'
curl -u 'me:u-93kd93kd07' https://a.example/e -F 'password=f-93kd93kd08'
"#;

const OPENAPI: &str = r#"
openapi: 3.0.0
info: {title: shop, version: "1"}
servers: [{url: "https://a.example"}]
paths:
  /login:
    post:
      parameters:
        - {name: access_token, in: query, required: true, example: q-93kd93kd01, schema: {type: string}}
        - {name: X-Api-Key, in: header, required: true, example: h-93kd93kd02, schema: {type: string}}
      requestBody:
        content:
          application/json:
            example: {password: p-93kd93kd03, secret: "s 93kd*93kd", user: {sellerToken: t-93kd93kd04}}
      responses:
        "200":
          description: ok
          content:
            application/json:
              example: {webhook_secret: w-93kd93kd05, pwd: v-93kd93, token: [l-93kd93kd06], next: "https://a.example/?token=n-93kd93kd"}
"#;
