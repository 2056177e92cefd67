//! Pages by the `Link` header: where a link may lead, and what is sent to it.

use super::*;

const LINKED: &str = "scheme: none\nget: /list\nquery: { limit: 2, q: 무 }\npages: { link: next }\n\
                      capture: { ids: \"$.ids[*]\" }\n";

fn linked(value: &str, body: &str) -> Act {
    Act::Answer(200, format!("link: {value}\r\n"), body.to_owned())
}

/// The next page is named in seven ways; each page is asked for once, with the query of the link.
#[test]
fn every_form_of_a_link_is_followed() {
    let server = Server::start(|_, arrived| {
        let host = arrived.header("host").unwrap_or_default().to_owned();
        let next = match arrived.target() {
            "/list?limit=2&q=%EB%AC%B4" => format!("<http://{host}/list?page=2>; rel=\"next\""),
            "/list?page=2" => {
                format!("<http://{host}/list?page=1>; rel=prev, </list?page=3>; rel=next")
            }
            "/list?page=3" => "<?page=4>; title=\"a, b\"; REL=\"last Next\"".to_owned(),
            "/list?page=4" => "<//127.0.0.1/list?page=5>;rel=next".to_owned(),
            "/list?page=5" => "<https://127.0.0.1/list?page=6;x,y>;rel=next".to_owned(),
            "/list?page=6;x,y" => {
                "<other/../page/7>;rel=next, <x>;rel=next;anchor=\"/y\"".to_owned()
            }
            "/page/7" => "</list>; rel=first\r\nlink: </page/8?a=%2B&b=+c>; rel=next".to_owned(),
            _ => "</list>; rel=first".to_owned(),
        };
        linked(&next, r#"{"ids":[1]}"#)
    });
    let folder = workspace(&server.origin, &[("requests/all.yaml", LINKED)]);
    let (output, code) = run(&folder, &["--record"]);
    assert_eq!(code, 0, "{output}");
    let seen: Vec<String> = server
        .seen()
        .iter()
        .map(|one| one.target().to_owned())
        .collect();
    let expected = [
        "/list?limit=2&q=%EB%AC%B4",
        "/list?page=2",
        "/list?page=3",
        "/list?page=4",
        "/list?page=5",
        "/list?page=6;x,y",
        "/page/7",
        "/page/8?a=%2B&b=+c",
    ];
    assert_eq!(seen, expected);
    for more in [&["--replay"][..], &["--env", "sandbox"]] {
        let args = [&["run"], more].concat();
        let (stdout, stderr, code) = text(&command(&folder, &args).output().unwrap());
        assert_eq!(code, 0, "{more:?}: {stdout}{stderr}");
    }
}

/// A second server stands for every other host. Whatever a link says, it never gets a request.
#[test]
fn no_link_moves_a_request_to_another_host() {
    let evil = Server::start(|_, _| ok("{}"));
    let other = evil.origin.trim_start_matches("http://").to_owned();
    let port = other.rsplit(':').next().unwrap();
    let links = [
        format!("<http://{other}/list?page=2>; rel=next"),
        format!("<//{other}/list?page=2>; rel=next"),
        format!("<http://localhost:{port}/list?page=2>; rel=next"),
        format!("<http://[::1]:{port}/list?page=2>; rel=next"),
        format!("<http://ASKED@{other}/list?page=2>; rel=next"),
        format!("<http://{other}\\@ASKED/list?page=2>; rel=next"),
        format!("<http:\\\\{other}/list?page=2>; rel=next"),
        format!("</\\{other}/list?page=2>; rel=next"),
        format!("<\\\\{other}/list?page=2>; rel=next"),
        format!("<http:///{other}/list?page=2>; rel=next"),
        "<https://evil.example/list?page=2>; rel=next".to_owned(),
        "<http://127.0.0.1.evil.example/list?page=2>; rel=next".to_owned(),
        "<ftp://127.0.0.1/list?page=2>; rel=next".to_owned(),
        "<file:///etc/hosts>; rel=next".to_owned(),
    ];
    for link in links {
        let said = link.clone();
        let server = Server::start(move |_, arrived| {
            let host = arrived.header("host").unwrap_or_default();
            linked(&said.replace("ASKED", host), r#"{"ids":[1]}"#)
        });
        // A scheme that sends a secret in a header.
        let step = "scheme: coupang\nget: /list\npages: { link: next }\n";
        let folder = workspace(&server.origin, &[("requests/all.yaml", step)]);
        let (output, code) = run(&folder, &[]);
        assert_eq!((code, server.seen().len()), (1, 1), "{link}: {output}");
        assert!(output.contains("link next (page 1)"), "{link}: {output}");
        assert_eq!(evil.seen().len(), 0, "{link}");
    }
}

/// The scheme's own hosts may stand in a link; the request goes to the host of the environment.
#[test]
fn a_link_that_names_a_host_of_the_scheme_is_asked_of_the_environment() {
    let server = Server::start(|number, _| match number {
        0 => linked(
            "<https://api-gateway.coupang.com/v2/list?page=2>; rel=next",
            "{}",
        ),
        _ => linked("</v2/list>; rel=first", "{}"),
    });
    let step = "scheme: coupang\nget: /v2/list\npages: { link: next }\n";
    let folder = workspace(&server.origin, &[("requests/all.yaml", step)]);
    let (output, code) = run(&folder, &[]);
    let seen = server.seen();
    assert_eq!((code, seen.len()), (0, 2), "{output}");
    assert_eq!(seen[1].target(), "/v2/list?page=2");
    // Signed anew, over the query of the link.
    assert_ne!(
        seen[0].header("authorization"),
        seen[1].header("authorization")
    );
}

/// Some servers repeat the whole query of a request in the link, its signature too.
#[test]
fn what_the_scheme_adds_to_the_query_is_not_sent_twice() {
    let scheme = "scheme: echo-mall\ncredentials: { app_key: {}, app_secret: { secret: true } }\n\
                  hosts: { live: \"https://api.echo-mall.example\" }\nprepare: { query: { app_key: \"{{ cred.app_key }}\", ts: \"{{ ts }}\" } }\n\
                  sign:\n  - { id: sign, hmac: sha256, key: \"{{ cred.app_secret }}\", of: \"{{ req.query }}\", encoding: hex }\n\
                  attach: { query: { sign: \"{{ sign }}\" } }\ncovers: [query]\n";
    let server = Server::start(|number, arrived| match number {
        0 => linked(&format!("<{}&page=2>; rel=next", arrived.target()), "{}"),
        _ => linked("</list>; rel=first", "{}"),
    });
    let step = "scheme: echo-mall\nget: /list\nquery: { limit: 2 }\npages: { link: next }\n";
    let folder = workspace(
        &server.origin,
        &[
            ("requests/all.yaml", step),
            ("schemes/echo-mall.yaml", scheme),
        ],
    );
    let hosts = format!(
        "envs: {{ local: {{ hosts: {{ echo-mall: \"{}\" }} }} }}\n",
        server.origin
    );
    folder.write("ingam.yaml", &hosts);
    let mut trust = command(&folder, &["trust", "--env", "local", "--yes"]);
    trust.env("INGAM_ECHO_MALL__APP_KEY", "app-key-1");
    trust.env("INGAM_ECHO_MALL__APP_SECRET", "app-secret-1-long");
    text(&trust.output().unwrap());
    let mut run = command(&folder, &["run", "--env", "local"]);
    run.env("INGAM_ECHO_MALL__APP_KEY", "app-key-1");
    run.env("INGAM_ECHO_MALL__APP_SECRET", "app-secret-1-long");
    let (stdout, stderr, code) = text(&run.output().unwrap());
    assert_eq!(code, 0, "{stdout}{stderr}");
    let seen = server.seen();
    let query = seen[1].target().split_once('?').unwrap().1.to_owned();
    let names: Vec<&str> = query
        .split('&')
        .map(|pair| pair.split('=').next().unwrap())
        .collect();
    assert_eq!(names, ["limit", "page", "app_key", "ts", "sign"], "{query}");
}
