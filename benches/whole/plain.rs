//! The plain client that every figure is a ratio to.

use std::process::Command;

/// The plain client: the same targets and headers, so many at once on one thread; answers are read
/// and thrown away.
pub(crate) fn plain(url: &str, count: usize, jobs: usize) {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let client = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .unwrap();
        let numbers = std::cell::Cell::new(0);
        let worker = async || loop {
            let number = numbers.get();
            if number == count {
                break;
            }
            numbers.set(number + 1);
            get(&client, &format!("{url}{number}")).await;
        };
        futures_util::future::join_all((0..jobs).map(|_| worker())).await;
    });
}

async fn get(client: &reqwest::Client, url: &str) {
    let signature = "CEA algorithm=HmacSHA256, access-key=bench-access-key, signed-date=261122T090000Z, signature=5df00fd676e622fa19794605a3afea091cef8382302c9cdca97b622e2780ace9";
    let response = client
        .get(url)
        .header("authorization", signature)
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 200);
    assert!(!response.bytes().await.unwrap().is_empty());
}

/// This benchmark as the plain client.
pub(crate) fn plain_client(url: &str, count: usize, jobs: usize) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--plain", url, &count.to_string(), &jobs.to_string()]);
    command
}
