//! The same over a database, where there is one: the budget of a team.

use super::super::tokens::PostgresServer;
use super::counts::{ProcessBehavior, assert_limit_holds, mall, run_processes, window};
use super::{KEY, TestMarketplace, answer};

#[test]
fn machines_share_a_budget_over_a_database() {
    let Some(server) = PostgresServer::start() else {
        return;
    };
    let window = window();
    let mut mall = mall(window);
    mall.env.push(("INGAM_STORE".to_owned(), server.url()));
    let crowd = run_processes(
        &mall,
        ProcessBehavior {
            window,
            is_killed: true,
            clock: None,
        },
    );
    assert_limit_holds(&mall, &crowd, window, "budget in PostgreSQL under kills");
    let rows = server
        .query("select b::text from ingam_budget b")
        .join("\n");
    assert!(rows.contains("mall") && !rows.contains(KEY), "{rows}");
    assert!(!mall.budget_folder().exists());
}

#[test]
fn a_penalty_in_a_database_stops_all_until_it_is_cleared() {
    let Some(server) = PostgresServer::start() else {
        return;
    };
    let mut mall = TestMarketplace::with("[]", |_, before| {
        if before == 0 {
            answer("403 Forbidden", "")
        } else {
            answer("200 OK", "")
        }
    });
    mall.request("one", "get: /one", 1);
    mall.env.push(("INGAM_STORE".to_owned(), server.url()));
    for expected in [1, 7] {
        let (output, code) = mall.live("one", &[]);
        assert_eq!(code, expected, "{output}");
    }
    let (output, code) = mall.run(&["budget"]);
    assert!(
        code == 7 && output.contains("blocked since 20"),
        "{code}: {output}"
    );
    assert_eq!(mall.run(&["budget", "clear"]).1, 0);
    assert_eq!(mall.live("one", &[]).1, 0);
}
