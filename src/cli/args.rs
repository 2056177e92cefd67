//! The arguments of the command line, as data. The `///` comments are the text of `--help`.

use super::call_args::CallArgs;
use super::export_args::ExportArgs;
use super::gateway_args::GatewayArgs;
pub(super) use super::target_args::TargetArgs;
use crate::host::ColorChoice;
use crate::report::TerminalDetail;
use clap::{Args as ClapArgs, CommandFactory, Parser, Subcommand};
use std::path::PathBuf;

/// Signs, sends and checks marketplace API requests written in YAML.
#[derive(Parser, Debug)]
#[command(
    name = "ingam",
    version,
    about,
    max_term_width = 100,
    disable_help_subcommand = true
)]
pub(super) struct CliArgs {
    #[command(flatten)]
    pub(super) global: GlobalArgs,
    #[command(subcommand)]
    pub(super) command: Option<Command>,
}

/// All commands and options: `docs/reference/command-line.md` is made of them.
#[must_use]
pub fn command_line() -> clap::Command {
    CliArgs::command()
}

#[derive(ClapArgs, Debug, Clone, Default)]
pub(super) struct GlobalArgs {
    /// The root of the workspace; by default the nearest folder above with an ingam.yaml or a
    /// requests folder
    #[arg(long, global = true, value_name = "DIR")]
    pub(super) root: Option<PathBuf>,
    /// Write tokens as plain text; without it they are sealed with the store's key
    #[arg(long, global = true)]
    pub(super) plain_store: bool,
    /// Whether output has colours; by default on a terminal, as `NO_COLOR` and `CLICOLOR_FORCE` say
    #[arg(long, global = true, value_name = "WHEN", value_parser = parse_color, default_value = "auto", hide_default_value = true)]
    pub(super) color: ColorChoice,
}

fn parse_color(text: &str) -> Result<ColorChoice, String> {
    match text {
        "auto" => Ok(ColorChoice::Auto),
        "always" => Ok(ColorChoice::Always),
        "never" => Ok(ColorChoice::Never),
        _ => Err("it can be `auto`, `always` or `never`".to_owned()),
    }
}

#[derive(Subcommand, Debug)]
pub(super) enum Command {
    /// Sign, send and check requests
    #[command(after_help = "Examples:
  ingam run                                      all requests, in the sandbox
  ingam run shopee/get_shop_info --env live      one of them, at the marketplace
  ingam run --tag smoke --report junit=out.xml   those with a tag, with a report for CI
  ingam run --watch orders                       again whenever a file changes")]
    Run(Box<RunArgs>),
    /// Sign and send one call that is written on the command line, and print its response
    Call(Box<CallArgs>),
    /// Find every mistake that can be found without sending anything
    #[command(after_help = "Examples:
  ingam check
  ingam check --env live --json | jq .faults")]
    Check(CheckArgs),
    /// List requests
    #[command(after_help = "Examples:
  ingam list --tag smoke
  ingam list --json | jq -r '.requests[].id'")]
    List(ListArgs),
    /// Show how one request is rendered and signed, line by line, without sending it
    #[command(after_help = "Examples:
  ingam explain shopee/get_shop_info
  ingam explain orders::cancel --env live --at 2026-11-22T09:00:00Z")]
    Explain(ExplainArgs),
    /// Write a request as a curl command, HAR, or a Postman collection
    Export(ExportArgs),
    /// Find out why the signature of a request is wrong: of a curl command line, raw HTTP or HAR
    #[command(after_help = "Examples:
  ingam verify request.txt                       a curl command line, or raw HTTP
  ingam verify - --message signed.txt            with the text that your program signed
  ingam verify out.har --entry 3 --scheme shopee")]
    Verify(VerifyArgs),
    /// List, show and check schemes
    Scheme(SchemeArgs),
    /// Authorization of accounts
    #[command(after_help = "Examples:
  ingam auth set shopee partner_key --env live   keep a key for this user
  ingam auth login shopee --env live             let a seller authorize
  ingam auth login allegro --env live --device   with a code to enter on another device
  ingam auth status")]
    Auth(AuthArgs),
    /// Show how many calls are left, and end penalties
    Budget(BudgetArgs),
    /// List, show and draw fixtures
    Fixture(FixtureArgs),
    /// List, show and tidy what marketplaces answered
    Recording(RecordingArgs),
    /// Take back what runs have left that were killed before they could
    Cleanup(CleanupArgs),
    /// Look at answers that are not what their snapshots say; accept, reject, clear away
    Snapshot(SnapshotArgs),
    /// Put reports of several runs together
    Report(ReportArgs),
    /// Run the loopback marketplaces alone
    #[command(after_help = "Examples:
  ingam sandbox                                  every scheme of this workspace, from port 9000 on
  ingam sandbox --scheme shopee --port 9105 --ready-file ready.json")]
    Sandbox(SandboxArgs),
    /// Receive what a marketplace pushes, verify it, and pass it on to your program
    Listen(ListenArgs),
    /// Sign what your own programs send, as a reverse proxy on this machine
    Gateway(GatewayArgs),
    /// Allow this workspace's own hosts and schemes to get your secrets
    Trust(TrustArgs),
    /// Take over requests from curl, Postman and other programs as files of this workspace
    Import(CollectionArgs),
    /// Make a small workspace that runs at once
    Init(InitArgs),
    /// Print the JSON Schema of one kind of file, for editors
    Schema(SchemaArgs),
    /// Print completions for a shell: commands, options, and the names of this workspace
    #[command(after_help = "Examples:
  source <(ingam completions bash)               in ~/.bashrc
  ingam completions zsh > ~/.zfunc/_ingam
  ingam completions fish > ~/.config/fish/completions/ingam.fish")]
    Completions(CompletionsArgs),
    /// Renew one token; the program starts itself with it
    #[command(hide = true)]
    RenewHelper,
}

/// Which requests.
#[derive(ClapArgs, Debug, Default)]
pub(super) struct RequestFilter {
    /// Ids, files, folders or globs; by default all requests
    #[arg(value_name = "REQUEST")]
    pub(super) patterns: Vec<String>,
    /// Only requests with this tag
    #[arg(long, short, value_name = "TAG")]
    pub(super) tag: Vec<String>,
    /// No requests with this tag
    #[arg(long, value_name = "TAG")]
    pub(super) not_tag: Vec<String>,
}

#[derive(ClapArgs, Debug, Default)]
pub(super) struct RunArgs {
    #[command(flatten)]
    pub(super) filter: RequestFilter,
    #[command(flatten)]
    pub(super) target: TargetArgs,
    /// Show every exchange, secrets replaced by their names
    #[arg(long, short)]
    pub(super) verbose: bool,
    /// Show only what did not pass, and the last line
    #[arg(long, short, conflicts_with = "verbose")]
    pub(super) quiet: bool,
    /// Run again whenever a file of the workspace changes, until Ctrl-C. Outside of the sandbox and
    /// of --replay only requests that change nothing
    #[arg(long, conflicts_with_all = ["report", "shard", "record", "setup_plan"])]
    pub(super) watch: bool,
    /// Show personal data that `redact` hides, at this terminal only; reports and files hide it
    #[arg(long)]
    pub(super) show_personal: bool,
    /// Whether tokens are renewed; by default what ingam.yaml says, or auto
    #[arg(long, value_name = "WHEN", value_parser = ["auto", "never"])]
    pub(super) refresh: Option<String>,
    /// Stop at the first request that does not pass
    #[arg(long)]
    pub(super) fail_fast: bool,
    /// So many requests side by side; by default 16, and 1 in the sandbox and with --replay
    #[arg(long, short, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1_000))]
    pub(super) jobs: Option<u16>,
    /// How long the whole run may take
    #[arg(long, value_name = "TIME")]
    pub(super) timeout: Option<String>,
    /// Only what did not pass when it was last run
    #[arg(long)]
    pub(super) rerun_failed: bool,
    /// One of several parts, such as 2/5, each unit in one of them; `auto` asks the CI system
    #[arg(long, value_name = "I/N")]
    pub(super) shard: Option<String>,
    /// Make shards that take equally long, by the times of an earlier `--report json=FILE`; by
    /// default shards have equally many units
    #[arg(long, value_name = "FILE", requires = "shard")]
    pub(super) shard_times: Option<PathBuf>,
    /// What becomes of a request that passed only on a retry: it passes, and is marked, or it
    /// fails
    #[arg(long, value_name = "VERDICT", value_parser = ["pass", "fail"], default_value = "pass")]
    pub(super) flaky: String,
    /// What becomes of a request or step that its `when` or an empty list skips: it is shown, or
    /// it fails
    #[arg(long, value_name = "VERDICT", value_parser = ["show", "fail"], default_value = "show")]
    pub(super) skipped: String,
    /// How long undos may take when the run is interrupted
    #[arg(long, value_name = "TIME", default_value = "30s")]
    pub(super) grace: String,
    /// Write what the environment answers to fixtures/recordings; with `new`, only what is not
    /// there yet
    #[arg(long, value_name = "EXTENT", num_args = 0..=1, require_equals = true, default_missing_value = "all",
        value_parser = ["all", "new"], conflicts_with_all = ["replay", "diff"])]
    pub(super) record: Option<String>,
    /// Answer from fixtures/recordings alone: no socket, no keys, at any time
    #[arg(long, conflicts_with = "diff")]
    pub(super) replay: bool,
    /// Pretend that it is this time, with `--replay`: 2026-11-22T09:00:00Z, 2026-11-22, Unix seconds
    /// or milliseconds, or as a header or a signature spells it
    #[arg(long, value_name = "TIME", requires = "replay")]
    pub(super) at: Option<String>,
    /// Hold what the environment answers against fixtures/recordings, and write nothing
    #[arg(long)]
    pub(super) diff: bool,
    /// How long a call may wait for its budget; `0s` for not at all
    #[arg(long, value_name = "TIME", default_value = "5s")]
    pub(super) wait: String,
    /// Count calls in the sandbox, too; every other environment always counts
    #[arg(long)]
    pub(super) budget: bool,
    /// Leave what fixtures made, and say how to clean up
    #[arg(long)]
    pub(super) keep: bool,
    /// Only show what would be set up, run and undone, in order
    #[arg(long)]
    pub(super) setup_plan: bool,
    /// Take a snapshot of every answer, also of those whose step does not ask for one
    #[arg(long)]
    pub(super) snapshot: bool,
    /// Where `output` writes responses to; by default the folder `out` of the workspace, and
    /// nowhere with --replay
    #[arg(long, value_name = "DIR")]
    pub(super) out: Option<PathBuf>,
    /// Let `output` replace files that ingam did not write
    #[arg(long)]
    pub(super) overwrite: bool,
    /// Write a report: junit, json, ndjson, ctrf, tap, github, html or prometheus; `-` is standard
    /// output. Repeatable
    #[arg(long, value_name = "FORMAT=PATH")]
    pub(super) report: Vec<String>,
    /// Send a trace of the run to an OpenTelemetry collector, by OTLP over HTTP; headers are those
    /// of `OTEL_EXPORTER_OTLP_HEADERS`, and `TRACEPARENT` names the trace to continue
    #[cfg(feature = "otlp")]
    #[arg(long, value_name = "URL", conflicts_with_all = ["watch", "setup_plan"])]
    pub(super) otlp: Option<String>,
}

#[derive(ClapArgs, Debug)]
pub(super) struct ReportArgs {
    #[command(subcommand)]
    pub(super) action: ReportAction,
}

#[derive(Subcommand, Debug)]
pub(super) enum ReportAction {
    /// Make one of the JSON documents of several shards, and end as the whole run would have ended
    Merge(MergeArgs),
}

#[derive(ClapArgs, Debug)]
pub(super) struct MergeArgs {
    /// What `ingam run --report json=…` has written, of each shard; they are only read
    #[arg(value_name = "DOCUMENT", required = true)]
    pub(super) documents: Vec<PathBuf>,
    /// Write a report of the whole: junit, json, ndjson, ctrf, tap, github, html or prometheus; `-`
    /// is standard output. Repeatable
    #[arg(long, value_name = "FORMAT=PATH")]
    pub(super) report: Vec<String>,
}

#[derive(ClapArgs, Debug)]
pub(super) struct FixtureArgs {
    #[command(subcommand)]
    pub(super) action: FixtureAction,
}

#[derive(Subcommand, Debug)]
pub(super) enum FixtureAction {
    /// All fixtures, their scope, and who needs them
    List,
    /// One fixture as its file
    Show {
        /// Its name
        name: String,
    },
    /// What needs what
    Graph {
        /// As text for Graphviz
        #[arg(long)]
        dot: bool,
    },
}

#[derive(ClapArgs, Debug)]
pub(super) struct RecordingArgs {
    #[command(subcommand)]
    pub(super) action: RecordingAction,
}

#[derive(Subcommand, Debug)]
pub(super) enum RecordingAction {
    /// All recordings: their scheme, how many exchanges, how old, for which request
    List,
    /// One recording as its file
    Show {
        /// Its name
        name: String,
    },
    /// Remove recordings of requests that are gone, and bodies that nothing names
    Prune {
        /// Only show what would be removed
        #[arg(long)]
        list: bool,
    },
    /// Hide secrets and what is personal in recordings that were written before there was a rule
    /// for it
    Redact {
        /// By default all
        #[arg(value_name = "NAME")]
        names: Vec<String>,
        /// Only show which would change; there being one is exit 1
        #[arg(long)]
        list: bool,
    },
}

#[derive(ClapArgs, Debug)]
pub(super) struct CleanupArgs {
    /// The id of a run; by default all of this workspace
    #[arg(value_name = "RUN")]
    pub(super) run: Option<String>,
    /// Only show what is left
    #[arg(long)]
    pub(super) list: bool,
    /// Look for things by the run's id, too, whose making got no answer
    #[arg(long, conflicts_with = "list")]
    pub(super) sweep: bool,
}

#[derive(ClapArgs, Debug)]
pub(super) struct SnapshotArgs {
    #[command(subcommand)]
    pub(super) action: SnapshotAction,
}

#[derive(Subcommand, Debug)]
pub(super) enum SnapshotAction {
    /// Look at what is pending, one after the other, and decide with one key
    Review(SnapshotFilter),
    /// What is pending becomes the snapshot
    Accept(SnapshotFilter),
    /// Remove what is pending
    Reject(SnapshotFilter),
    /// Remove snapshots of requests, steps, cases and accounts that are gone
    Prune {
        /// Only show them
        #[arg(long)]
        list: bool,
    },
}

/// Which of the pending snapshots.
#[derive(ClapArgs, Debug)]
pub(super) struct SnapshotFilter {
    /// Requests, files, folders or globs; by default all that is pending
    #[arg(value_name = "NAME")]
    pub(super) patterns: Vec<String>,
}

#[derive(ClapArgs, Debug)]
pub(super) struct CheckArgs {
    #[command(flatten)]
    pub(super) target: TargetArgs,
    /// Print the faults as JSON
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(ClapArgs, Debug)]
pub(super) struct ListArgs {
    #[command(flatten)]
    pub(super) filter: RequestFilter,
    /// Print the requests as JSON
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(ClapArgs, Debug)]
pub(super) struct ExplainArgs {
    /// The request; `flow::step` for one step of a flow
    #[arg(value_name = "REQUEST")]
    pub(super) id: String,
    #[command(flatten)]
    pub(super) target: TargetArgs,
    /// Pretend that it is this time: 2026-11-22T09:00:00Z, 2026-11-22, Unix seconds or milliseconds,
    /// or as a header or a signature spells it
    #[arg(long, value_name = "TIME")]
    pub(super) at: Option<String>,
    /// Print values, signature and request as JSON
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(ClapArgs, Debug)]
pub(super) struct VerifyArgs {
    /// A curl command line, raw HTTP, or a HAR file; `-` is standard input
    #[arg(value_name = "FILE")]
    pub(super) file: String,
    /// The scheme; by default the one that the host belongs to
    #[arg(long, value_name = "NAME")]
    pub(super) scheme: Option<String>,
    /// Compare with this request of the workspace: method, path, query and body
    #[arg(long, value_name = "REQUEST")]
    pub(super) request: Option<String>,
    #[command(flatten)]
    pub(super) account_args: AccountArgs,
    /// The level of the scheme; by default the one that its rules choose for the path
    #[arg(long, value_name = "NAME")]
    pub(super) level: Option<String>,
    /// Which entry of a HAR file, from 1; by default the only one of a known scheme
    #[arg(long, value_name = "N")]
    pub(super) entry: Option<usize>,
    /// The text that your program signed, to find the first byte that differs
    #[arg(long, value_name = "FILE")]
    pub(super) message: Option<String>,
    /// The response of the marketplace, where it shows the text that was expected
    #[arg(long, value_name = "FILE")]
    pub(super) refusal: Option<String>,
    /// When the request was sent: 2026-11-22T09:00:00Z, 2026-11-22, or Unix seconds or
    /// milliseconds; by default now, or the time of the HAR entry
    #[arg(long, value_name = "TIME")]
    pub(super) at: Option<String>,
    /// Print the result as JSON
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(ClapArgs, Debug)]
#[command(
    after_help = "Examples:\n  ingam import shop.postman_collection.json\n  ingam import curl - --into orders < command.txt"
)]
pub(super) struct CollectionArgs {
    /// The file, after its format if you want to name it; `-` is standard input. The format is
    /// known by the content: curl, postman (2.0, 2.1), openapi (3.0, 3.1, Swagger 2.0), har, http, hurl
    #[arg(value_name = "[FORMAT] FILE", num_args = 1..=2, required = true)]
    pub(super) words: Vec<String>,
    /// The folder below `requests/`; by default the title of the file
    #[arg(long, value_name = "FOLDER")]
    pub(super) into: Option<String>,
    /// The scheme of all requests; by default the one that the host of each belongs to
    #[arg(long, value_name = "NAME")]
    pub(super) scheme: Option<String>,
    /// Print what would be written, and write nothing
    #[arg(long)]
    pub(super) dry_run: bool,
    /// Overwrite files that are there
    #[arg(long)]
    pub(super) force: bool,
}

#[derive(ClapArgs, Debug)]
pub(super) struct SchemeArgs {
    #[command(subcommand)]
    pub(super) action: SchemeAction,
}

#[derive(Subcommand, Debug)]
pub(super) enum SchemeAction {
    /// All schemes with region, authentication and proof
    List,
    /// One scheme as a file, to read or to copy
    Show {
        /// Its name
        name: String,
        /// As a page of documentation, in Markdown
        #[arg(long)]
        page: bool,
    },
    /// Copy a scheme that is built in, or that no known answer proves, into `schemes/`
    Add {
        /// Its name
        name: String,
        /// The name of the copy
        #[arg(long = "as", value_name = "NAME")]
        new_name: Option<String>,
    },
    /// Run the known answers of schemes, and look for the usual mistakes
    Check {
        /// By default all
        names: Vec<String>,
    },
}

#[derive(ClapArgs, Debug)]
pub(super) struct AuthArgs {
    #[command(subcommand)]
    pub(super) action: AuthAction,
}

#[derive(Subcommand, Debug)]
pub(super) enum AuthAction {
    /// Print the signed link that a seller opens to authorize
    Link {
        /// The scheme
        scheme: String,
        /// The address that the marketplace sends the seller back to
        #[arg(long, value_name = "URL")]
        redirect: String,
        #[command(flatten)]
        target: TargetArgs,
    },
    /// Let a seller authorize an account, and keep its tokens
    Login(LoginArgs),
    /// Keep a refresh token that another program got; it is asked for, or read from standard input
    Import(ImportArgs),
    /// Show which tokens are kept, and until when they are good
    Status,
    /// Renew tokens now; without a scheme, all of the environment
    Refresh {
        /// The scheme
        scheme: Option<String>,
        #[command(flatten)]
        account_args: AccountArgs,
    },
    /// End the authorization of an account where the marketplace can be asked to, and remove its tokens
    Logout {
        /// The scheme
        scheme: String,
        #[command(flatten)]
        account_args: AccountArgs,
        /// Only remove the tokens from the store, and ask no marketplace
        #[arg(long)]
        keep_authorization: bool,
    },
    /// Keep a credential for this user; its value is asked for, or read from standard input
    Set {
        /// The scheme; `secret` for a secret of your own
        scheme: String,
        /// The credential, such as `partner_key`
        name: String,
        /// A value is no argument
        #[arg(hide = true)]
        value: Vec<String>,
        /// In the file credentials.env of your settings, which only you can read, and not in the
        /// keyring
        #[arg(long)]
        file: bool,
        #[command(flatten)]
        account_args: AccountArgs,
    },
    /// Print the access token of an account, for other tools
    Token {
        /// The account
        account: String,
        /// The scheme, where several have an account of this name
        #[arg(long, value_name = "NAME")]
        scheme: Option<String>,
        /// The environment; by default ingam.yaml's `default_env`
        #[arg(long, short, value_name = "NAME")]
        env: Option<String>,
    },
}

#[derive(ClapArgs, Debug)]
pub(super) struct BudgetArgs {
    #[command(subcommand)]
    pub(super) action: Option<BudgetAction>,
}

#[derive(Subcommand, Debug)]
pub(super) enum BudgetAction {
    /// End penalties and waits; what was sent stays counted
    Clear {
        /// The scheme; by default all
        scheme: Option<String>,
        /// Only keys that this account has used
        #[arg(long, short, value_name = "NAME")]
        account: Option<String>,
    },
}

/// Whose tokens or credentials.
#[derive(ClapArgs, Debug, Default)]
pub(super) struct AccountArgs {
    /// The environment; by default ingam.yaml's `default_env`
    #[arg(long, short, value_name = "NAME")]
    pub(super) env: Option<String>,
    /// The account
    #[arg(long, short, value_name = "NAME")]
    pub(super) account: Option<String>,
}

#[derive(ClapArgs, Debug)]
pub(super) struct LoginArgs {
    /// The scheme
    pub(super) scheme: String,
    #[command(flatten)]
    pub(super) account_args: AccountArgs,
    /// Which form of the link, where the scheme has several; by default the first
    #[arg(long, value_name = "NAME")]
    pub(super) link: Option<String>,
    /// The registered address that the marketplace sends the seller back to; what the browser ends
    /// at is pasted here. By default a page of this machine, which needs no pasting
    #[arg(long, value_name = "URL")]
    pub(super) redirect: Option<String>,
    /// The port of that page; by default a free one
    #[arg(
        long,
        default_value_t = 0,
        value_name = "PORT",
        conflicts_with = "redirect"
    )]
    pub(super) port: u16,
    /// Only print the link
    #[arg(long)]
    pub(super) no_browser: bool,
    /// Confirm the login on another device, with a code that is shown here; a scheme without a link
    /// does so anyway
    #[arg(long, conflicts_with_all = ["link", "redirect", "port"])]
    pub(super) device: bool,
}

#[derive(ClapArgs, Debug)]
pub(super) struct ImportArgs {
    /// The scheme
    pub(super) scheme: String,
    /// A token is no argument
    #[arg(hide = true)]
    pub(super) value: Vec<String>,
    #[command(flatten)]
    pub(super) account_args: AccountArgs,
    /// Which token of the scheme, where several are renewed; by default that of the usual level
    #[arg(long, value_name = "NAME")]
    pub(super) token: Option<String>,
    /// Replace the tokens that the account has
    #[arg(long)]
    pub(super) replace: bool,
}

impl RunArgs {
    /// How much the terminal shows.
    pub(super) fn detail(&self) -> TerminalDetail {
        match (self.quiet, self.verbose) {
            (true, _) => TerminalDetail::Quiet,
            (_, true) => TerminalDetail::Verbose,
            _ => TerminalDetail::Normal,
        }
    }
}

#[derive(ClapArgs, Debug)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct SandboxArgs {
    #[command(subcommand)]
    pub(super) action: Option<SandboxAction>,
    /// Start the marketplace of this scheme only. Repeatable
    #[arg(long, value_name = "NAME")]
    pub(super) scheme: Vec<String>,
    /// The port of the first scheme, by default 9000; each scheme gets the next one. `SCHEME=PORT`
    /// gives a scheme its own, and 0 any free one. Repeatable
    #[arg(long, short, value_name = "PORT")]
    pub(super) port: Vec<String>,
    /// One port for all schemes, each by its name: <http://shopee.localhost:PORT>
    #[arg(long, value_name = "PORT", conflicts_with = "port")]
    pub(super) one_port: Option<u16>,
    /// The address of this machine to listen on; any but a loopback one lets other machines in
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1")]
    pub(super) bind: String,
    /// Listen with TLS. Clients must trust the authority that `ingam sandbox ca` shows
    #[arg(long)]
    pub(super) tls: bool,
    /// Listen with a forward proxy for clients that have no setting for the base URL. It plays the
    /// hosts of the schemes and forwards nothing. 0 for a free port
    #[arg(long, value_name = "PORT")]
    pub(super) proxy_port: Option<u16>,
    /// Let pages of this origin call the sandbox from a browser. Repeatable
    #[arg(long, value_name = "ORIGIN")]
    pub(super) cors: Vec<String>,
    /// Take the protocol of a request from `X-Forwarded-Proto`, as a proxy in front of it says
    #[arg(long)]
    pub(super) trust_forwarded_proto: bool,
    /// Send pushes to this address of your program, such as <http://127.0.0.1:3000/push>: those of
    /// `POST /.ingam/push?event=NAME`, and those of recordings with `then_push`
    #[arg(long, value_name = "URL")]
    pub(super) push_to: Option<String>,
    /// Let `--push-to` name another machine
    #[arg(long, requires = "push_to")]
    pub(super) allow_remote_push: bool,
    /// Print addresses and test keys as one line of JSON, and requests as NDJSON
    #[arg(long)]
    pub(super) json: bool,
    /// Print no line for each request; `GET /.ingam/requests` shows them all the same
    #[arg(long, short)]
    pub(super) quiet: bool,
    /// Controls need this key in the header `x-ingam-control-key`, and answer to other machines
    /// with it. By default `INGAM_CONTROL_KEY`
    #[arg(long, value_name = "KEY")]
    pub(super) control_key: Option<String>,
    /// Write addresses and test keys as variables to this file
    #[arg(long, value_name = "FILE")]
    pub(super) env_file: Option<PathBuf>,
    /// Write addresses and test keys as JSON to this file as soon as requests are accepted, and
    /// delete it at the end
    #[arg(long, value_name = "FILE")]
    pub(super) ready_file: Option<PathBuf>,
    /// Stop as soon as standard input ends, as it does with the program that started this one
    #[arg(long)]
    pub(super) until_eof: bool,
}

#[derive(Subcommand, Debug)]
pub(super) enum SandboxAction {
    /// Show where the certificate of the sandbox's authority is, and make it if there is none
    Ca {
        /// Show the certificate itself
        #[arg(long)]
        pem: bool,
    },
}

#[derive(ClapArgs, Debug)]
pub(super) struct ListenArgs {
    /// The scheme
    pub(super) scheme: String,
    /// Accept pushes of this webhook only; by default those of all webhooks of the scheme
    #[arg(long, value_name = "NAME")]
    pub(super) webhook: Option<String>,
    /// The address that is registered with the marketplace, to the letter: some of them sign it
    #[arg(long, value_name = "URL")]
    pub(super) url: String,
    /// The port to listen on; 0 is any free one
    #[arg(long, short, value_name = "PORT", default_value_t = 9900)]
    pub(super) port: u16,
    /// The address of this machine to listen on; any but a loopback one lets other machines in
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1")]
    pub(super) bind: String,
    /// Pass right pushes on to this address, body and headers as they came, and answer what it
    /// answers; by default they are answered with 200. A path stands in the place of the one that
    /// came
    #[arg(long, value_name = "URL")]
    pub(super) forward: Option<String>,
    #[command(flatten)]
    pub(super) account_args: AccountArgs,
    /// Print one JSON object a line
    #[arg(long)]
    pub(super) json: bool,
    /// Stop as soon as standard input ends, as it does with the program that started this one
    #[arg(long)]
    pub(super) until_eof: bool,
}

#[derive(ClapArgs, Debug)]
pub(super) struct TrustArgs {
    /// The environment; by default ingam.yaml's `default_env`
    #[arg(long, short, value_name = "NAME")]
    pub(super) env: Option<String>,
    /// Allow these hosts for `--host` and `INGAM_HOST_<SCHEME>`; `*` is one label. Repeatable
    #[arg(long, value_name = "SCHEME=PATTERN", conflicts_with = "env")]
    pub(super) host: Vec<String>,
    /// Do not ask
    #[arg(long, short)]
    pub(super) yes: bool,
}

#[derive(ClapArgs, Debug)]
pub(super) struct InitArgs {
    /// The folder; by default this one
    pub(super) folder: Option<PathBuf>,
}

#[derive(ClapArgs, Debug)]
pub(super) struct SchemaArgs {
    /// Which kind of file
    #[arg(value_parser = ["request", "fixture", "recording", "scheme", "workspace"])]
    pub(super) kind: String,
}

#[derive(ClapArgs, Debug)]
pub(super) struct CompletionsArgs {
    pub(super) shell: clap_complete::Shell,
}
