//! Addresses and ports.

use super::super::program::Folder;
use super::{StartedSandbox, get, refused};
use std::net::TcpListener;

/// A port that was free a moment ago.
fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

#[test]
fn a_scheme_has_the_port_that_was_given_to_it() {
    let folder = Folder::new();
    let port = free_port();
    let fixed = format!("shopee={port}");
    let args = ["--port", "0", "--port", &fixed];
    let args = [&args[..], &["--scheme", "shopee", "--scheme", "lazada"]].concat();
    let mut sandbox = StartedSandbox::start(&folder, &args);
    assert_eq!(sandbox.schemes(), ["shopee", "lazada"]);
    assert_eq!(sandbox.url("shopee"), format!("http://127.0.0.1:{port}"));
    let (status, answer) = get(
        &format!("127.0.0.1:{port}"),
        "x",
        "/api/v2/shop/get_shop_info",
    );
    assert!(
        status == 200 && answer.contains("There is no partner_id"),
        "{answer}"
    );
    assert_eq!(sandbox.end(), 0);
}

#[test]
fn one_port_plays_all_schemes_by_their_names() {
    let folder = Folder::new();
    let sandbox = StartedSandbox::start(&folder, &["--one-port", "0"]);
    assert!(sandbox.schemes().len() > 70);
    let authority = sandbox.authority("shopee");
    let port = authority.strip_prefix("shopee.localhost:").unwrap();
    let address = format!("127.0.0.1:{port}");
    for (host, status, part) in [
        (
            format!("shopee.localhost:{port}"),
            200,
            "There is no partner_id",
        ),
        ("shopee.test".to_owned(), 200, "There is no partner_id"),
        ("shopee".to_owned(), 200, "There is no partner_id"),
        (
            format!("coupang.localhost:{port}"),
            401,
            "\"code\":\"ERROR\"",
        ),
        (
            format!("localhost:{port}"),
            421,
            "is not a marketplace, and this port has several: call ",
        ),
        (format!("127.0.0.1:{port}"), 421, "shopee.localhost:"),
    ] {
        let (found, answer) = get(&address, &host, "/api/v2/shop/get_shop_info");
        assert!(
            found == status && answer.contains(part),
            "{host}: {found} {answer}"
        );
    }
}

#[test]
fn an_ipv6_address_is_written_as_in_a_url_or_without_brackets() {
    if TcpListener::bind("[::1]:0").is_err() {
        // A machine without IPv6.
        return;
    }
    let folder = Folder::new();
    for address in ["::1", "[::1]", "::"] {
        let args = ["--scheme", "shopee", "--port", "0", "--bind", address];
        let sandbox = StartedSandbox::start(&folder, &args);
        let authority = sandbox.authority("shopee");
        assert!(authority.starts_with("[::1]:"), "{authority}");
        assert_eq!(get(&authority, &authority, "/api/v2/x").0, 200);
        assert_eq!(get(&authority, &authority, "/.ingam/tokens").0, 200);
    }
}

#[test]
fn another_address_than_a_loopback_one_is_said_loudly() {
    let folder = Folder::new();
    let args = ["--scheme", "shopee", "--port", "0", "--bind", "0.0.0.0"];
    let mut sandbox = StartedSandbox::start(&folder, &args);
    assert!(sandbox.authority("shopee").starts_with("127.0.0.1:"));
    let mut stderr = sandbox.process.stderr.take().unwrap();
    assert_eq!(sandbox.end(), 0);
    let mut text = String::new();
    std::io::Read::read_to_string(&mut stderr, &mut text).unwrap();
    assert_eq!(
        text,
        "warning: the sandbox listens on 0.0.0.0: every machine that can connect to this one can call it\n\
         help: its keys are not secret; other machines can use its controls only with `--control-key`\n"
    );
}

#[test]
fn what_cannot_be_listened_on_is_an_error_with_a_way_out() {
    let folder = Folder::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().port().to_string();
    let taken_by = format!("shopee={taken}");
    let wrong: [(&[&str], &str, i32); 13] = [
        (
            &["--port", &taken],
            "error: the sandbox cannot listen on 127.0.0.1:PORT: Address already in use (os error 98)\n\
             help: choose other ports with `--port`, or 0 for a free port\n",
            5,
        ),
        (
            &["--port", &taken_by],
            "error: the sandbox cannot listen on 127.0.0.1:PORT: Address already in use (os error 98)\n\
             help: choose other ports with `--port`, or 0 for a free port\n",
            5,
        ),
        (
            &["--one-port", &taken],
            "error: the sandbox cannot listen on 127.0.0.1:PORT: Address already in use (os error 98)\n\
             help: choose other ports with `--port`, or 0 for a free port\n",
            5,
        ),
        (
            &["--port", "shopee=9105", "--port", "lazada=9105"],
            "error: port 9105 is set for both `lazada` and `shopee`\n",
            2,
        ),
        (
            &["--port", "shopee=9105", "--port", "shopee=9106"],
            "error: `--port shopee=9106` sets a port that is already set\nhelp: give `shopee` one port\n",
            2,
        ),
        (
            &["--port", "9000", "--port", "9100"],
            "error: `--port 9100` sets a port that is already set\n\
             help: set the first port once, and other ports as SCHEME=PORT\n",
            2,
        ),
        (
            &["--port", "shopee=many"],
            "error: `--port shopee=many`: `many` is not a port\n\
             help: a port is a number from 0 to 65535; write `--port 9000` or `--port shopee=9105`\n",
            2,
        ),
        (
            &["--port", "shopeee=9105"],
            "error: `--port shopeee=…` names a scheme that is not started\n\
             help: did you mean `shopee`?\n",
            2,
        ),
        (
            &["--scheme", "lazada", "--port", "shopee=9105"],
            "error: `--port shopee=…` names a scheme that is not started\n\
             help: it can be `lazada`\n",
            2,
        ),
        (
            &["--scheme", "shopeee"],
            "error: `--scheme shopeee`: there is no such scheme\nhelp: did you mean `shopee`?\n",
            2,
        ),
        (
            &["--port", "65530"],
            "schemes need a port each; ports available from 65530 upwards: 6",
            2,
        ),
        (
            &["--bind", "localhost"],
            "error: `--bind localhost` is not an IP address\n\
             help: pass an address of this machine, such as 127.0.0.1, ::1 or 0.0.0.0; set the port with `--port`\n",
            2,
        ),
        (
            &["--bind", "127.0.0.1:9000"],
            "error: `--bind 127.0.0.1:9000` is not an IP address\n\
             help: pass an address of this machine, such as 127.0.0.1, ::1 or 0.0.0.0; set the port with `--port`\n",
            2,
        ),
    ];
    for (args, message, code) in wrong {
        let (said, found) = refused(&folder, args);
        let said = said.replace(&taken, "PORT");
        assert!(said.contains(message), "{args:?}:\n{said}\nnot\n{message}");
        assert_eq!(found, code, "{args:?}");
    }
}

#[test]
fn many_sandboxes_run_side_by_side() {
    let count = if std::env::var_os("INGAM_MEASURE").is_some() {
        20
    } else {
        2
    };
    let folders: Vec<Folder> = (0..count).map(|_| Folder::new()).collect();
    let args = ["--port", "0"];
    let started = std::time::Instant::now();
    let mut sandboxes: Vec<StartedSandbox> = std::thread::scope(|scope| {
        let threads: Vec<_> = folders
            .iter()
            .map(|folder| scope.spawn(|| StartedSandbox::start(folder, &args)))
            .collect();
        let sandboxes = threads.into_iter().map(|thread| thread.join().unwrap());
        sandboxes.collect()
    });
    println!(
        "{count} sandboxes of all schemes listen after {:?}",
        started.elapsed()
    );
    let mut addresses = std::collections::BTreeSet::new();
    for sandbox in &sandboxes {
        for scheme in sandbox.schemes() {
            assert!(addresses.insert(sandbox.authority(scheme)));
        }
        let authority = sandbox.authority("shopee");
        assert_eq!(get(&authority, &authority, "/api/v2/x").0, 200);
    }
    for sandbox in &mut sandboxes {
        assert_eq!(sandbox.end(), 0);
    }
}
