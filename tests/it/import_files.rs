//! `ingam import` through the program, on files made for the purpose: what is written, what is lost,
//! and that it passes `ingam check` at once. Each file holds many features of its format.

use super::program::{Folder, ingam, root, text};
use std::path::Path;

/// Imports a file of `tests/import`; what the program says.
fn import(folder: &Folder, args: &[&str], file: &str) -> (String, i32) {
    let path = root().join("tests/import").join(file);
    let mut command = ingam(folder.path());
    command.arg("import").args(args).arg(path);
    let (_, told, code) = text(&command.output().unwrap());
    (told, code)
}

/// Every file of a folder with its text, in the order of their paths.
fn written(folder: &Path, below: &Path, out: &mut String) {
    let mut entries: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            written(&path, below, out);
        } else {
            let name = path.strip_prefix(below).unwrap().display().to_string();
            let text = std::fs::read_to_string(&path).unwrap();
            out.push_str(&format!("=== {name}\n{text}"));
        }
    }
}

/// What an import of one file does, and whether the workspace passes `ingam check` then.
fn whole_import(file: &str) -> String {
    let folder = Folder::new();
    folder.write("ingam.yaml", "default_env: live\n");
    let (told, code) = import(&folder, &[], file);
    let mut out = format!("exit {code}\n{told}");
    written(folder.path(), folder.path(), &mut out);
    let check = text(&ingam(folder.path()).arg("check").output().unwrap());
    assert_eq!(check.2, 0, "{file}:\n{}\n{out}", check.1);
    out
}

#[test]
fn each_format_becomes_files_that_pass_check() {
    for file in [
        "shop.postman.json",
        "shopee.sh",
        "mall.openapi.yaml",
        "seller.swagger.json",
        "browser.har",
        "shop.http",
        "shop.hurl",
        "shop.bruno",
    ] {
        insta::with_settings!({ snapshot_path => "../import", prepend_module_to_snapshot => false, omit_expression => true }, {
            insta::assert_snapshot!(file, whole_import(file));
        });
    }
}

#[test]
fn one_request_of_bruno_is_read_alone_and_a_folder_without_a_collection_is_refused() {
    let folder = Folder::new();
    folder.write("ingam.yaml", "default_env: live\n");
    let (told, code) = import(&folder, &["bruno"], "shop.bruno/orders/list.bru");
    assert_eq!(code, 0, "{told}");
    assert!(folder.path().join("requests/list-orders.yaml").exists());
    let (told, code) = import(&folder, &[], "shop.bruno/orders");
    assert_eq!(code, 2, "{told}");
    assert!(
        told.contains("is a folder without a `bruno.json`"),
        "{told}"
    );
    let (told, code) = import(&folder, &["postman"], "shop.bruno");
    assert_eq!(code, 2, "{told}");
    assert!(
        told.contains("of folders, ingam reads collections of Bruno"),
        "{told}"
    );
}

/// Without expected responses, a file of Hurl looks as one with requests of HTTP does.
#[test]
fn a_file_that_the_user_calls_hurl_is_read_as_hurl() {
    let folder = Folder::new();
    folder.write("ingam.yaml", "default_env: live\n");
    folder.write(
        "list.txt",
        "GET https://shop.example/list\n[Options]\nretry: 2\n",
    );
    let import = |args: &[&str]| {
        let mut command = ingam(folder.path());
        command.arg("import").args(args).arg("list.txt");
        text(&command.output().unwrap())
    };
    let (_, told, code) = import(&["hurl", "--dry-run"]);
    assert_eq!(code, 0, "{told}");
    let (_, told, code) = import(&["postman", "--dry-run"]);
    assert_eq!(code, 3, "{told}");
    assert!(told.contains("this is http, not postman"), "{told}");
}

/// A signed request as a curl command, with its token.
fn signed_command() -> String {
    let folder = Folder::new();
    folder.write("ingam.yaml", "envs: { live: {} }\n");
    folder.write(
        "requests/a.yaml",
        "scheme: shopee\nget: /api/v2/shop/get_shop_info\n",
    );
    let (command, told, code) = text(
        &ingam(folder.path())
            .args(["export", "curl", "a", "--env", "live"])
            .env("INGAM_SHOPEE__PARTNER_ID", "1000001")
            .env("INGAM_SHOPEE__PARTNER_KEY", "key-93kd93kd93kd93kd")
            .env("INGAM_SHOPEE__SHOP_ID", "123456")
            .env("INGAM_SHOPEE__ACCESS_TOKEN", "tok-93kd93kd93kd93kd")
            .output()
            .unwrap(),
    );
    assert_eq!(code, 0, "{told}");
    command.replace("${INGAM_SHOPEE__ACCESS_TOKEN}", "tok-93kd93kd93kd93kd")
}

#[test]
fn the_signature_of_a_file_is_proven_with_the_key() {
    let command = signed_command();
    for (dotenv, expected) in [
        (
            "INGAM_SHOPEE__PARTNER_KEY=key-93kd93kd93kd93kd\n",
            "proven: signed again, the signature of 1 request is that of the file",
        ),
        (
            "INGAM_SHOPEE__PARTNER_KEY=key-93kd93kd93kd93kx\n",
            "not proven: the signature of 1 request: signing it again gives a different request: signature (query.sign)",
        ),
        (
            "",
            "not proven: the signature of 1 request: `INGAM_SHOPEE__PARTNER_KEY` has no value",
        ),
    ] {
        let folder = Folder::new();
        folder.write("ingam.yaml", "default_env: live\n");
        folder.write(".env", dotenv);
        let file = folder.write("a.sh", &command);
        let mut import = ingam(folder.path());
        let (_, told, code) = text(&import.arg("import").arg(file).output().unwrap());
        assert_eq!(code, 0, "{told}");
        assert!(told.contains(expected), "{told}");
    }
}

#[test]
fn what_a_command_line_leaves_open_is_said() {
    let folder = Folder::new();
    folder.write("ingam.yaml", "default_env: live\n");
    let command = signed_command();
    let other = command.replace("shop_id=123456", "shop_id=654321");
    let quoted = "curl https://api.shop.example/a -H 'X-Note: $NOTE'\n";
    let file = folder.write("a.sh", &format!("{command}\n\n{other}\n\n{quoted}"));
    let mut import = ingam(folder.path());
    let (_, told, code) = text(&import.arg("import").arg(file).output().unwrap());
    assert_eq!(code, 0, "{told}");
    assert!(
        told.contains("the value of `shopee` `shop_id`: the file has several"),
        "{told}"
    );
    let mut files = String::new();
    written(folder.path(), folder.path(), &mut files);
    assert!(
        files.contains("has `$NOTE` in single quotes: a shell puts no value there"),
        "{files}"
    );
}

#[test]
fn nothing_is_overwritten_and_no_secret_is_shown() {
    let folder = Folder::new();
    folder.write("ingam.yaml", "");
    folder.write(".env", "INGAM_SECRET_API_KEY=mine-93kd93kd93kd");
    let (told, code) = import(&folder, &["--dry-run"], "shop.postman.json");
    assert_eq!(code, 0, "{told}");
    assert!(!folder.path().join("requests").exists());
    let (told, code) = import(&folder, &["--into", "a/b"], "shop.postman.json");
    assert_eq!(code, 0, "{told}");
    for secret in ["93kd93kd93kd", "pw-93kd"] {
        assert!(!told.contains(secret), "{told}");
    }
    let kept = folder.path().join("requests/a/b/create.yaml");
    std::fs::write(&kept, "mine").unwrap();
    std::fs::remove_file(folder.path().join("requests/a/b/form.yaml")).unwrap();
    let (told, code) = import(&folder, &["--into", "a/b"], "shop.postman.json");
    assert_ne!(code, 0);
    assert!(
        told.contains("already exists; nothing was written"),
        "{told}"
    );
    assert_eq!(std::fs::read_to_string(&kept).unwrap(), "mine");
    assert!(!folder.path().join("requests/a/b/form.yaml").exists());
    let dotenv = std::fs::read_to_string(folder.path().join(".env")).unwrap();
    assert!(
        dotenv.starts_with("INGAM_SECRET_API_KEY=mine-93kd93kd93kd\n"),
        "{dotenv}"
    );
    assert_eq!(dotenv.matches("INGAM_SECRET_API_KEY=").count(), 1);
    let (told, code) = import(&folder, &["--into", "a/b", "--force"], "shop.postman.json");
    assert_eq!(code, 0, "{told}");
    let (told, code) = import(&folder, &["--into", "../x"], "shop.postman.json");
    assert_eq!(code, 2, "{told}");
}

#[test]
fn what_cannot_be_read_is_refused_by_name() {
    let folder = Folder::new();
    folder.write("ingam.yaml", "");
    let mut command = ingam(folder.path());
    command.args(["import", "https://api.shop.example/openapi.json"]);
    let (_, told, code) = text(&command.output().unwrap());
    assert!(
        code == 2 && told.contains("fetches nothing from the network"),
        "{told}"
    );
    for (content, expected) in [
        (
            r#"{"id":"1","name":"x","order":[],"requests":[{"url":"a"}]}"#,
            "a Postman collection of format 1",
        ),
        (
            r#"{"openapi":"4.0.0","paths":{}}"#,
            "OpenAPI 4.0.0 is not supported",
        ),
        (
            "{\"item\": [",
            "the text begins like JSON, but is not valid JSON",
        ),
        ("hello", "the format is not supported"),
        ("openapi: 3.0.0\npaths: {a: [}", "the YAML cannot be read"),
    ] {
        let path = folder.write("given", content);
        let output = ingam(folder.path())
            .arg("import")
            .arg(path)
            .output()
            .unwrap();
        let (_, told, code) = text(&output);
        assert_eq!(code, 3, "{content}: {told}");
        assert!(told.contains(expected), "{content}: {told}");
    }
}

#[test]
fn the_fields_of_a_scheme_are_found_in_a_form_that_is_written_as_text() {
    let folder = Folder::new();
    folder.write("ingam.yaml", "default_env: live\n");
    let body = "partner_key=pk-93kd93kd93kd93kd&dateType=order&key=uk-93kd93kd93kd93kd";
    let collection = serde_json::json!({
        "info": {
            "name": "a",
            "schema": "https://schema.getpostman.com/json/collection/v2.1.0/collection.json",
        },
        "item": [{
            "name": "orders",
            "request": {
                "method": "POST",
                "header": [{ "key": "Content-Type", "value": "application/x-www-form-urlencoded" }],
                "body": { "mode": "raw", "raw": body },
                "url": "https://openhub.godo.co.kr/godomall5/order/Order_Search.php",
            },
        }],
    });
    let path = folder.write("a.json", &collection.to_string());
    let (_, told, code) = text(
        &ingam(folder.path())
            .arg("import")
            .arg(path)
            .output()
            .unwrap(),
    );
    assert_eq!(code, 0, "{told}");
    let mut files = String::new();
    written(&folder.path().join("requests"), folder.path(), &mut files);
    assert!(
        files.contains(
            "scheme: godomall\npost: /order/Order_Search.php\nform:\n  dateType: order\n"
        ),
        "{told}{files}"
    );
    assert!(!files.contains("93kd"), "{files}");
}
