//! Nothing that is written holds a secret or anything personal, in any form, wherever the
//! marketplace put it.

use super::super::secrets::forms;
use super::{Answer, Server, files, json, record, run_with, workspace};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::{Read, Write};

const SECRET: &str = "cana+ry/=&%\"<\\한SECRETxyz";
const TOKEN: &str = "tok+en/=&%\"<\\글TOKENabc";

/// Every form of every canary in every place that an answer has.
fn echo(target: &str) -> Answer {
    let mut headers = vec![
        ("content-type".to_owned(), "application/json".to_owned()),
        (
            "set-cookie".to_owned(),
            format!("session={}", hex::encode(TOKEN)),
        ),
        (
            "location".to_owned(),
            format!(
                "https://other.example/?access_token={}&sign={}",
                forms(TOKEN)[1],
                forms(SECRET)[1]
            ),
        ),
        ("x-echo".to_owned(), hex::encode(SECRET)),
    ];
    let all: Vec<String> = [SECRET, TOKEN]
        .iter()
        .flat_map(|secret| forms(secret))
        .collect();
    let encoded = BASE64_STANDARD.encode(all.join(" "));
    let wrapped: Vec<&str> = encoded
        .as_bytes()
        .chunks(76)
        .map(|line| std::str::from_utf8(line).unwrap())
        .collect();
    let broken: String = SECRET.chars().flat_map(|letter| [letter, '\n']).collect();
    let body = match target {
        "/api/v2/text" => {
            headers[0].1 = "text/plain".to_owned();
            format!(
                "{}\n{}\n{broken}\n{target}",
                all.join("\n"),
                wrapped.join("\r\n")
            )
            .into_bytes()
        }
        "/api/v2/packed" => {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
            encoder.write_all(all.join(" ").as_bytes()).unwrap();
            encoder.finish().unwrap()
        }
        _ => {
            let forms = serde_json::json!({ "error": "", "message": "", "forms": all, "wrapped": wrapped.join("\r\n"), "broken": broken,
                SECRET: 1, "access_token": "a-token-that-nobody-knows-of", "target": target });
            forms.to_string().into_bytes()
        }
    };
    (200, headers, body)
}

/// What stands in a file, with what is packed in it.
fn texts(bytes: &[u8]) -> Vec<String> {
    let mut texts = vec![String::from_utf8_lossy(bytes).into_owned()];
    let mut inner = Vec::new();
    if flate2::read::GzDecoder::new(bytes)
        .read_to_end(&mut inner)
        .is_ok()
        && !inner.is_empty()
    {
        texts.extend(self::texts(&inner));
    }
    for word in texts[0]
        .clone()
        .split(['"', ' ', '\n'])
        .filter(|word| word.len() > 40)
    {
        if let Ok(inner) = BASE64_STANDARD.decode(word) {
            texts.push(String::from_utf8_lossy(&inner).into_owned());
        }
    }
    texts
}

#[test]
fn no_canary_is_in_any_written_file() {
    let server = Server::start(|arrived| echo(arrived.target.split('?').next().unwrap()));
    let folder = workspace(&server);
    let steps = [
        (
            "query",
            "get: /api/v2/shop/query\nquery: { a: \"{{ page }}\" }\n",
        ),
        ("form", "post: /api/v2/form\nform: { a: b }\n"),
        ("json", "post: /api/v2/json\njson: { a: b }\n"),
        ("text", "get: /api/v2/text\nassert: { status: 200 }\n"),
        ("packed", "get: /api/v2/packed\nassert: { status: 200 }\n"),
        (
            "header",
            "get: /api/v2/header\nassert: { header.x-echo: { exists: true } }\ncapture: { a: { header: x-echo } }\n",
        ),
    ];
    for (name, step) in steps {
        // A marketplace's own answers are JSON; a plain host may answer with anything.
        let scheme = if ["text", "packed"].contains(&name) {
            "none"
        } else {
            "shopee"
        };
        folder.write(
            &format!("requests/{name}.yaml"),
            &format!("scheme: {scheme}\nvars: {{ page: 1 }}\n{step}"),
        );
    }
    let env = [
        ("INGAM_SHOPEE__PARTNER_ID", "1000001"),
        ("INGAM_SHOPEE__PARTNER_KEY", SECRET),
        ("INGAM_SHOPEE__ACCESS_TOKEN", TOKEN),
    ];
    let (output, _) = run_with(&folder, &["run", "--env", "local", "--record"], &env);
    let written = files(&folder.path().join("fixtures"));
    assert!(written.len() >= 4, "{output}");
    for (path, bytes) in written {
        for text in texts(&bytes) {
            // Line ends stand in YAML as they are, or as escapes.
            let flat: String = text
                .replace("\\r", "")
                .replace("\\n", "")
                .split_whitespace()
                .collect();
            for form in [SECRET, TOKEN]
                .iter()
                .flat_map(|secret| forms(secret))
                .chain(["a-token-that-nobody-knows-of".to_owned()])
            {
                assert!(
                    !text.contains(&form) && !flat.contains(&form),
                    "{} holds {form}:\n{text}",
                    path.display()
                );
            }
        }
    }
    assert!(output.contains("`packed` is not recorded"), "{output}");
}

#[test]
fn a_token_endpoint_is_never_recorded() {
    let server = Server::start(|_| {
        json(
            r#"{"error":"","message":"","request_id":"r","access_token":"a-token-that-nobody-knows-of","refresh_token":"another-token-of-that-kind"}"#,
        )
    });
    let folder = workspace(&server);
    folder.write(
        "requests/token.yaml",
        "scheme: shopee\nlevel: public\npost: /api/v2/auth/token/get\njson: { code: abc }\n",
    );
    let (output, code) = super::run(&folder, &["run", "--env", "local", "--record"]);
    assert!(
        code == 5 && output.contains("ingam never records token requests"),
        "{code}: {output}"
    );
    assert_eq!(files(&folder.path().join("fixtures")), []);
}

#[test]
fn what_is_personal_is_hidden_and_equal_values_stay_equal() {
    let server = Server::start(|arrived| {
        let order = r#"{"order_sn":"S1","buyer_username":"hong.gildong","buyer_user_id":2580651,"recipient_address":{"name":"홍길동","phone":"821012345678","full_address":"서울시 강남구 1-2"}}"#;
        let echo = arrived.target.contains("2580651");
        json(&format!(
            r#"{{"error":"","message":"","request_id":"r","response":{{"order_list":[{order}],"note":"call 010-9876-5432, hong.gildong","found":{echo}}}}}"#
        ))
    });
    let folder = workspace(&server);
    let yaml = std::fs::read_to_string(folder.path().join("ingam.yaml")).unwrap();
    folder.write(
        "ingam.yaml",
        &format!("{yaml}redact: [{{ pattern: \"01[0-9]-[0-9]{{4}}-[0-9]{{4}}\" }}]\n"),
    );
    folder.write(
        "requests/buyer.yaml",
        "scheme: shopee\nredact: [{ header: x-buyer }]\nsteps:\n  - name: orders\n    get: /api/v2/order/get_order_list\n    capture: { buyer: \"$.response.order_list[0].buyer_user_id\", name: \"$.response.order_list[0].buyer_username\" }\n  - name: of_buyer\n    get: /api/v2/order/of_buyer\n    query: { buyer: \"{{ buyer }}\", name: \"{{ name }}\" }\n    assert:\n      $.response.found: true\n      $.response.order_list[0].buyer_user_id: \"{{ buyer }}\"\n      $.response.note: { ends_with: \"{{ name }}\" }\n",
    );
    record(&folder);
    let (path, bytes) = files(&folder.path().join("fixtures")).remove(0);
    let text = String::from_utf8(bytes).unwrap();
    for personal in [
        "gildong",
        "2580651",
        "홍길동",
        "821012345678",
        "강남구",
        "010-9876-5432",
    ] {
        assert!(
            !text.contains(personal),
            "{} holds {personal}:\n{text}",
            path.display()
        );
    }
    assert!(
        text.contains("buyer: 900000005") && text.contains("buyer_user_id: 900000005"),
        "{text}"
    );
    let (output, code) = run_with(&folder, &["run", "--replay", "--env", "local"], &[]);
    assert_eq!(code, 0, "{output}");
}
