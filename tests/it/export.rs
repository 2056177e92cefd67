//! `ingam export`: what other programs get is what ingam sends, and no secret is in it.

use super::program::{Folder, ingam, text};

const TOKEN: &str = "tok-9f8e7d6c5b4a3210-xyz";

fn export(folder: &Folder, args: &[&str], env: &[(&str, &str)]) -> (String, String, i32) {
    let mut command = ingam(folder.path());
    command.arg("export").args(args).envs(env.iter().copied());
    text(&command.output().unwrap())
}

#[test]
fn secrets_are_variables_of_the_shell_or_an_error_with_their_name() {
    let folder = Folder::new();
    folder.write(
        "ingam.yaml",
        "envs: { local: { hosts: { bearer: \"http://127.0.0.1:9\", basic: \"http://127.0.0.1:9\" } } }\n",
    );
    folder.write("requests/a.yaml", "scheme: bearer\nget: /a\n");
    folder.write("requests/b.yaml", "scheme: basic\nget: /a\n");
    let env = [
        ("INGAM_BEARER__TOKEN", TOKEN),
        ("INGAM_BASIC__USER", "seller"),
        ("INGAM_BASIC__PASSWORD", "pass-4f8a1c0de54321aa"),
    ];
    let (stdout, stderr, code) = export(&folder, &["curl", "a", "--env", "local"], &env);
    assert_eq!(code, 0, "{stderr}");
    assert!(
        stdout.contains("-H \"Authorization: Bearer ${INGAM_BEARER__"),
        "{stdout}"
    );
    let (stdout, stderr, code) = export(&folder, &["curl", "b", "--env", "local"], &env);
    assert_eq!((stdout.as_str(), code), ("", 1), "{stderr}");
    assert!(
        stderr.contains("in a changed form, such as encoded"),
        "{stderr}"
    );
    for format in ["har", "postman"] {
        let (stdout, stderr, code) = export(
            &folder,
            &[format, "a", "--env", "local", "-o", format],
            &env,
        );
        assert_eq!((stdout.as_str(), code), ("", 0), "{stderr}");
        let written = std::fs::read_to_string(folder.path().join(format)).unwrap();
        assert!(
            written.contains("INGAM_BEARER__") && !written.contains("9f8e7d6c"),
            "{written}"
        );
    }
    let (stdout, stderr, code) = export(&folder, &["curl", "a"], &env);
    assert_eq!((stdout.as_str(), code), ("", 2));
    assert!(
        stderr.contains(
            "the sandbox runs inside ingam, so other programs cannot send requests to it"
        ),
        "{stderr}"
    );
}

#[test]
fn no_secret_is_in_the_base64_of_a_body() {
    let folder = Folder::new();
    folder.write(
        "ingam.yaml",
        "envs: { local: { hosts: { none: \"http://127.0.0.1:9\" } } }\n",
    );
    std::fs::create_dir_all(folder.path().join("requests")).unwrap();
    std::fs::write(folder.path().join("requests/a.png"), b"\x89PNG\xff").unwrap();
    folder.write(
        "requests/a.yaml",
        "scheme: none\npost: /a\nmultipart:\n  image: { file: requests/a.png }\n  key: \"{{ secret.key }}\"\n",
    );
    folder.write(
        "requests/b.yaml",
        "scheme: none\npost: /a\nmultipart:\n  image: { file: requests/a.png }\n  key: none\n",
    );
    let env = [("INGAM_SECRET_KEY", TOKEN)];
    let (stdout, stderr, code) = export(&folder, &["har", "a", "--env", "local"], &env);
    assert_eq!((stdout.as_str(), code), ("", 1), "{stderr}");
    assert!(
        stderr.contains("the request contains `secret.key`"),
        "{stderr}"
    );
    let (stdout, stderr, code) = export(&folder, &["har", "b", "--env", "local"], &env);
    assert_eq!(code, 0, "{stderr}");
    assert!(stdout.contains("base64"), "{stdout}");
}

#[test]
fn no_file_is_replaced_without_a_word() {
    let folder = Folder::new();
    folder.write(
        "ingam.yaml",
        "envs: { local: { hosts: { none: \"http://127.0.0.1:9\" } } }\n",
    );
    folder.write("requests/a.yaml", "scheme: none\nget: /a\n");
    let path = folder.write("x", "mine");
    let to = |file: &str, more: &[&str]| {
        let args = ["curl", "a", "--env", "local", "-o", file];
        export(&folder, &[&args, more].concat(), &[])
    };
    let (_, stderr, code) = to("x", &[]);
    assert!(
        code == 2 && stderr.contains("the file already exists"),
        "{stderr}"
    );
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "mine");
    for file in [
        "requests/b.yaml",
        "requests/../requests/a.yaml",
        ".env.local",
        "ingam.yaml",
    ] {
        let (_, stderr, code) = to(file, &["--overwrite"]);
        assert!(
            code == 2 && stderr.contains("cannot be written"),
            "{file} {stderr}"
        );
    }
    let (_, stderr, code) = to("x", &["--overwrite"]);
    assert_eq!(code, 0, "{stderr}");
    assert_ne!(std::fs::read_to_string(&path).unwrap(), "mine");
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        assert_eq!(std::fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
    }
}

#[test]
fn a_flow_says_that_one_step_of_it_is_exported() {
    let folder = Folder::new();
    folder.write("ingam.yaml", "envs: { live: {} }\n");
    folder.write(
        "requests/a.yaml",
        "scheme: none\nsteps: [{ name: one, get: /1 }, { name: two, get: /2 }]\n",
    );
    let host = ["--env", "live", "--host", "none=https://shop.example"];
    let exported = |id: &str| export(&folder, &[&["curl", id][..], &host].concat(), &[]);
    let (stdout, stderr, code) = exported("a");
    assert!(code == 0 && stdout.contains("/1"), "{stdout}{stderr}");
    assert!(
        stderr.contains("`a` has 2 steps, and this is the first; `a::STEP` exports another"),
        "{stderr}"
    );
    let (stdout, stderr, code) = exported("a::two");
    assert!(code == 0 && stdout.contains("/2"), "{stdout}{stderr}");
    assert!(!stderr.contains("steps"), "{stderr}");
}
