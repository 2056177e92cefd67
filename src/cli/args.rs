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
    /// The root of the workspace. The default is the nearest folder, from the current one upwards,
    /// that has an ingam.yaml or a requests folder
    #[arg(long, global = true, value_name = "DIR")]
    pub(super) root: Option<PathBuf>,
    /// Store tokens as plain text. By default, they are encrypted with the key of the store
    #[arg(long, global = true)]
    pub(super) plain_store: bool,
    /// When to use colours: auto, always or never. The default is auto: at a terminal only, unless
    /// `NO_COLOR` or `CLICOLOR_FORCE` is set
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
  ingam run shopee/get_shop_info --env live      one request, at the marketplace
  ingam run --tag smoke --report junit=out.xml   requests with a tag, with a report for CI
  ingam run --watch orders                       run again when a file changes")]
    Run(Box<RunArgs>),
    /// Sign and send one call from the command line, and print the response
    Call(Box<CallArgs>),
    /// Check all files for errors, without sending anything
    #[command(after_help = "Examples:
  ingam check
  ingam check --env live --json | jq .faults")]
    Check(CheckArgs),
    /// List requests
    #[command(after_help = "Examples:
  ingam list --tag smoke
  ingam list --json | jq -r '.requests[].id'")]
    List(ListArgs),
    /// Show how a request is rendered and signed, step by step, without sending it
    #[command(after_help = "Examples:
  ingam explain shopee/get_shop_info
  ingam explain orders::cancel --env live --at 2026-11-22T09:00:00Z")]
    Explain(ExplainArgs),
    /// Export a signed request as a curl command, a HAR file, a Postman collection or a program
    Export(ExportArgs),
    /// Find out why the signature of a request is wrong, from a curl command, raw HTTP or a HAR
    /// file
    #[command(after_help = "Examples:
  ingam verify request.txt                       a curl command or raw HTTP
  ingam verify - --message signed.txt            compare the text that your program signed
  ingam verify out.har --entry 3 --scheme shopee")]
    Verify(VerifyArgs),
    /// List, show, copy and check schemes
    Scheme(SchemeArgs),
    /// Sign in to accounts, and manage tokens and credentials
    #[command(after_help = "Examples:
  ingam auth set shopee partner_key --env live   store a key for this user
  ingam auth login shopee --env live             sign in in the browser
  ingam auth login allegro --env live --device   sign in on another device
  ingam auth status")]
    Auth(AuthArgs),
    /// Show how many calls are left, and clear penalties
    Budget(BudgetArgs),
    /// List and show fixtures and their dependencies
    Fixture(FixtureArgs),
    /// List, show, prune and redact recorded responses
    Recording(RecordingArgs),
    /// Undo what interrupted runs left behind
    Cleanup(CleanupArgs),
    /// Review, accept, reject and prune snapshots
    Snapshot(SnapshotArgs),
    /// Merge the reports of several runs
    Report(ReportArgs),
    /// Run the sandbox as a server, to test your own programs
    #[command(after_help = "Examples:
  ingam sandbox                                  all schemes of this workspace, from port 9000
  ingam sandbox --scheme shopee --port 9105 --ready-file ready.json")]
    Sandbox(SandboxArgs),
    /// Receive and verify pushes of a marketplace, and forward them to your program
    Listen(ListenArgs),
    /// Run a reverse proxy that signs the calls of your own programs
    Gateway(GatewayArgs),
    /// Show and allow the hosts and schemes of this workspace that may receive your secrets
    Trust(TrustArgs),
    /// Import requests from curl, Postman, HAR and other formats
    Import(CollectionArgs),
    /// Create a small workspace that is ready to run
    Init(InitArgs),
    /// Run the language server for your editor, on standard input and output
    Lsp(LspArgs),
    /// Print the JSON Schema of a kind of file, for your editor
    Schema(SchemaArgs),
    /// Print a shell completion script, which completes commands, options and names of the
    /// workspace
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
    /// Ids, files, folders or globs. The default is all requests
    #[arg(value_name = "REQUEST")]
    pub(super) patterns: Vec<String>,
    /// Select requests with this tag. Repeatable: one of the tags is enough
    #[arg(long, short, value_name = "TAG")]
    pub(super) tag: Vec<String>,
    /// Exclude requests with this tag. Repeatable
    #[arg(long, value_name = "TAG")]
    pub(super) not_tag: Vec<String>,
}

#[derive(ClapArgs, Debug, Default)]
pub(super) struct RunArgs {
    #[command(flatten)]
    pub(super) filter: RequestFilter,
    #[command(flatten)]
    pub(super) target: TargetArgs,
    /// Show every request and response. Secrets are replaced by their names. `-vv` also shows how
    /// long each request took to look up the name, to connect, for TLS, until the response began,
    /// and for its body
    #[arg(long, short, action = clap::ArgAction::Count)]
    pub(super) verbose: u8,
    /// Show only what did not pass, and the summary
    #[arg(long, short, conflicts_with = "verbose")]
    pub(super) quiet: bool,
    /// Run again whenever a file of the workspace changes, until you press Ctrl-C. Outside the
    /// sandbox and without --replay, every selected request must be a read
    #[arg(long, conflicts_with_all = ["report", "shard", "record", "setup_plan"])]
    pub(super) watch: bool,
    /// Show personal data at this terminal. Reports and files still redact it
    #[arg(long)]
    pub(super) show_personal: bool,
    /// Whether to renew tokens. The default is `refresh` in ingam.yaml, or else auto
    #[arg(long, value_name = "WHEN", value_parser = ["auto", "never"])]
    pub(super) refresh: Option<String>,
    /// Stop at the first request that does not pass
    #[arg(long)]
    pub(super) fail_fast: bool,
    /// Run at most N units in parallel. By default, 16 at first and up to 200 while responses stay
    /// fast and no limit is near, and 1 in the sandbox and with --replay
    #[arg(long, short, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1_000))]
    pub(super) jobs: Option<u16>,
    /// The timeout of the whole run, such as 10m
    #[arg(long, value_name = "TIME")]
    pub(super) timeout: Option<String>,
    /// Run only what did not pass the last time
    #[arg(long)]
    pub(super) rerun_failed: bool,
    /// Run only one part of the units, such as 2/5. `auto` reads the numbers from the variables of
    /// the CI system
    #[arg(long, value_name = "I/N")]
    pub(super) shard: Option<String>,
    /// Balance the shards by the times of an earlier report, written by `--report json=FILE`. By
    /// default, all shards have the same number of units
    #[arg(long, value_name = "FILE", requires = "shard")]
    pub(super) shard_times: Option<PathBuf>,
    /// The verdict of a request that passed only after a retry. With `pass`, it is marked FLAKY
    #[arg(long, value_name = "VERDICT", value_parser = ["pass", "fail"], default_value = "pass")]
    pub(super) flaky: String,
    /// The verdict of a request or step that is skipped by `when` or an empty list. With `show`, it
    /// is listed as skipped
    #[arg(long, value_name = "VERDICT", value_parser = ["show", "fail"], default_value = "show")]
    pub(super) skipped: String,
    /// The timeout of undo calls after the run is interrupted
    #[arg(long, value_name = "TIME", default_value = "30s")]
    pub(super) grace: String,
    /// Record the responses in fixtures/recordings. With `new`, record only requests that have no
    /// recording yet
    #[arg(long, value_name = "EXTENT", num_args = 0..=1, require_equals = true, default_missing_value = "all",
        value_parser = ["all", "new"], conflicts_with_all = ["replay", "diff"])]
    pub(super) record: Option<String>,
    /// Take all responses from fixtures/recordings. Needs no network and no keys
    #[arg(long, conflicts_with = "diff")]
    pub(super) replay: bool,
    /// Use this time instead of now, with --replay: 2026-11-22T09:00:00Z, 2026-11-22, Unix seconds
    /// or milliseconds, or the format of an HTTP header or a signature
    #[arg(long, value_name = "TIME", requires = "replay")]
    pub(super) at: Option<String>,
    /// Compare the responses with fixtures/recordings. Writes nothing
    #[arg(long)]
    pub(super) diff: bool,
    /// How long a call may wait for its budget. `0s` means that it does not wait
    #[arg(long, value_name = "TIME", default_value = "5s")]
    pub(super) wait: String,
    /// Apply budgets in the sandbox too. In all other environments, they always apply
    #[arg(long)]
    pub(super) budget: bool,
    /// Do not undo what fixtures created. Prints the command that cleans up later
    #[arg(long)]
    pub(super) keep: bool,
    /// Show the order of set-ups, requests and undo calls, without sending anything
    #[arg(long)]
    pub(super) setup_plan: bool,
    /// Take a snapshot of every response, even if its step has no `snapshot`
    #[arg(long)]
    pub(super) snapshot: bool,
    /// The folder that `output` writes responses to. The default is `out` in the workspace. With
    /// --replay, nothing is written by default
    #[arg(long, value_name = "DIR")]
    pub(super) out: Option<PathBuf>,
    /// Allow `output` to replace files that ingam did not write
    #[arg(long)]
    pub(super) overwrite: bool,
    /// Write a report: junit, json, ndjson, ctrf, tap, github, html or prometheus. `-` is standard
    /// output. Repeatable
    #[arg(long, value_name = "FORMAT=PATH")]
    pub(super) report: Vec<String>,
    /// Send a trace of the run to an OpenTelemetry collector, with OTLP over HTTP. Uses the headers
    /// in `OTEL_EXPORTER_OTLP_HEADERS`, and continues the trace in `TRACEPARENT`
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
    /// Merge the JSON reports of several shards. The exit code is that of the whole run
    Merge(MergeArgs),
}

#[derive(ClapArgs, Debug)]
pub(super) struct MergeArgs {
    /// The JSON reports of the shards, written by `ingam run --report json=FILE`
    #[arg(value_name = "DOCUMENT", required = true)]
    pub(super) documents: Vec<PathBuf>,
    /// Write a report of the merged run: junit, json, ndjson, ctrf, tap, github, html or
    /// prometheus. `-` is standard output. Repeatable
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
    /// List all fixtures, their scopes, and the requests that need them
    List,
    /// Show the file of a fixture
    Show {
        /// Its name
        name: String,
    },
    /// Show the dependencies between requests and fixtures
    Graph {
        /// Print them as text for Graphviz
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
    /// List all recordings with their scheme, number of exchanges, age and request
    List,
    /// Show the file of a recording
    Show {
        /// Its name
        name: String,
    },
    /// Delete recordings of requests that no longer exist, and unused body files
    Prune {
        /// Only list what would be deleted
        #[arg(long)]
        list: bool,
    },
    /// Redact secrets and personal data in recordings that are older than the rule
    Redact {
        /// The default is all
        #[arg(value_name = "NAME")]
        names: Vec<String>,
        /// Only list the recordings that would change. Exits with code 1 if there is one
        #[arg(long)]
        list: bool,
    },
}

#[derive(ClapArgs, Debug)]
pub(super) struct CleanupArgs {
    /// The id of a run. The default is all runs of this workspace
    #[arg(value_name = "RUN")]
    pub(super) run: Option<String>,
    /// Only list what is left behind
    #[arg(long)]
    pub(super) list: bool,
    /// Also search the marketplace for items whose creation got no response, by the id of the run
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
    /// Review pending snapshots one by one, and accept or reject each with one key
    Review(SnapshotFilter),
    /// Accept pending snapshots
    Accept(SnapshotFilter),
    /// Reject and delete pending snapshots
    Reject(SnapshotFilter),
    /// Delete snapshots of requests, steps, cases and accounts that no longer exist
    Prune {
        /// Only list them
        #[arg(long)]
        list: bool,
    },
}

/// Which of the pending snapshots.
#[derive(ClapArgs, Debug)]
pub(super) struct SnapshotFilter {
    /// Requests, files, folders or globs. The default is all pending snapshots
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
    /// The request, or `flow::step` for one step of a flow
    #[arg(value_name = "REQUEST")]
    pub(super) id: String,
    #[command(flatten)]
    pub(super) target: TargetArgs,
    /// Use this time instead of now: 2026-11-22T09:00:00Z, 2026-11-22, Unix seconds or
    /// milliseconds, or the format of an HTTP header or a signature
    #[arg(long, value_name = "TIME")]
    pub(super) at: Option<String>,
    /// Print the values, the signature and the request as JSON
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(ClapArgs, Debug)]
pub(super) struct VerifyArgs {
    /// A file with a curl command, raw HTTP or HAR. `-` is standard input
    #[arg(value_name = "FILE")]
    pub(super) file: String,
    /// The scheme. By default, the host determines it
    #[arg(long, value_name = "NAME")]
    pub(super) scheme: Option<String>,
    /// Compare method, path, query and body with this request of the workspace
    #[arg(long, value_name = "REQUEST")]
    pub(super) request: Option<String>,
    #[command(flatten)]
    pub(super) account_args: AccountArgs,
    /// The level of the scheme. By default, the rules of the scheme choose it from the path
    #[arg(long, value_name = "NAME")]
    pub(super) level: Option<String>,
    /// The number of the entry in a HAR file, from 1. The default is the only entry of a known
    /// scheme
    #[arg(long, value_name = "N")]
    pub(super) entry: Option<usize>,
    /// A file with the text that your program signed. ingam shows the first byte that differs
    #[arg(long, value_name = "FILE")]
    pub(super) message: Option<String>,
    /// A file with the response of the marketplace, if it shows the expected text
    #[arg(long, value_name = "FILE")]
    pub(super) refusal: Option<String>,
    /// When the request was sent: 2026-11-22T09:00:00Z, 2026-11-22, or Unix seconds or
    /// milliseconds. The default is now, or the time of the HAR entry
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
    /// The file, optionally after its format. `-` is standard input. By default, the content
    /// determines the format: curl, postman (2.0, 2.1), openapi (3.0, 3.1, Swagger 2.0), har, http,
    /// hurl or bruno. For bruno, it is one file, or the folder of a collection
    #[arg(value_name = "[FORMAT] FILE", num_args = 1..=2, required = true)]
    pub(super) words: Vec<String>,
    /// The folder below `requests/`. The default is the title of the file
    #[arg(long, value_name = "FOLDER")]
    pub(super) into: Option<String>,
    /// The scheme of all requests. By default, the host of each request determines it
    #[arg(long, value_name = "NAME")]
    pub(super) scheme: Option<String>,
    /// Print what would be written. Writes nothing
    #[arg(long)]
    pub(super) dry_run: bool,
    /// Overwrite existing files
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
    /// List all schemes with region, authentication and proof
    List,
    /// Show the file of a scheme
    Show {
        /// Its name
        name: String,
        /// Print a documentation page in Markdown
        #[arg(long)]
        page: bool,
    },
    /// Copy a built-in scheme, or an unproven one, into `schemes/`
    Add {
        /// Its name
        name: String,
        /// The name of the copy
        #[arg(long = "as", value_name = "NAME")]
        new_name: Option<String>,
    },
    /// Check schemes against their known answers, and find common mistakes
    Check {
        /// The default is all
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
    /// Print the signed link that a seller opens to authorize the app
    Link {
        /// The scheme
        scheme: String,
        /// The address that the marketplace redirects the seller to
        #[arg(long, value_name = "URL")]
        redirect: String,
        #[command(flatten)]
        target: TargetArgs,
    },
    /// Sign in to an account in the browser, and store its tokens
    Login(LoginArgs),
    /// Store a refresh token from another program, read from a prompt or from standard input
    Import(ImportArgs),
    /// Show the stored tokens and when they expire
    Status,
    /// Renew tokens now. Without a scheme, all tokens of the environment
    Refresh {
        /// The scheme
        scheme: Option<String>,
        #[command(flatten)]
        account_args: AccountArgs,
    },
    /// Delete the tokens of an account, and end its authorization if the scheme supports it
    Logout {
        /// The scheme
        scheme: String,
        #[command(flatten)]
        account_args: AccountArgs,
        /// Only delete the tokens from the store. Sends nothing
        #[arg(long)]
        keep_authorization: bool,
    },
    /// Store a credential for this user, read from a prompt or from standard input
    Set {
        /// The scheme, or `secret` for a secret of your own
        scheme: String,
        /// The credential, such as `partner_key`
        name: String,
        /// A value on the command line is refused
        #[arg(hide = true)]
        value: Vec<String>,
        /// Store it in the file credentials.env of your settings, which only you can read, instead
        /// of the keyring
        #[arg(long)]
        file: bool,
        #[command(flatten)]
        account_args: AccountArgs,
    },
    /// Print the access token of an account, for other tools
    Token {
        /// The account
        account: String,
        /// The scheme, if several have an account of this name
        #[arg(long, value_name = "NAME")]
        scheme: Option<String>,
        /// The environment. The default is `default_env` in ingam.yaml
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
    /// End penalties and waits. Calls that were sent stay counted
    Clear {
        /// The scheme. The default is all
        scheme: Option<String>,
        /// Only keys that this account has used
        #[arg(long, short, value_name = "NAME")]
        account: Option<String>,
    },
}

/// Whose tokens or credentials.
#[derive(ClapArgs, Debug, Default)]
pub(super) struct AccountArgs {
    /// The environment. The default is `default_env` in ingam.yaml
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
    /// Which link, if the scheme has several. The default is the first
    #[arg(long, value_name = "NAME")]
    pub(super) link: Option<String>,
    /// The registered address that the marketplace redirects the seller to. ingam asks you to paste
    /// the address that the browser ends at. The default is a page on this machine, which needs no
    /// pasting
    #[arg(long, value_name = "URL")]
    pub(super) redirect: Option<String>,
    /// The port of the page on this machine. The default is a free port
    #[arg(
        long,
        default_value_t = 0,
        value_name = "PORT",
        conflicts_with = "redirect"
    )]
    pub(super) port: u16,
    /// Print the link, and do not open a browser
    #[arg(long)]
    pub(super) no_browser: bool,
    /// Sign in with a code that you enter on another device. The default if the scheme has no link
    #[arg(long, conflicts_with_all = ["link", "redirect", "port"])]
    pub(super) device: bool,
}

#[derive(ClapArgs, Debug)]
pub(super) struct ImportArgs {
    /// The scheme
    pub(super) scheme: String,
    /// A token on the command line is refused
    #[arg(hide = true)]
    pub(super) value: Vec<String>,
    #[command(flatten)]
    pub(super) account_args: AccountArgs,
    /// Which token of the scheme, if it renews several. The default is the token of the default
    /// level
    #[arg(long, value_name = "NAME")]
    pub(super) token: Option<String>,
    /// Replace the stored tokens of the account
    #[arg(long)]
    pub(super) replace: bool,
}

impl RunArgs {
    /// How much the terminal shows.
    pub(super) fn detail(&self) -> TerminalDetail {
        match (self.quiet, self.verbose) {
            (true, _) => TerminalDetail::Quiet,
            (_, 1..) => TerminalDetail::Verbose,
            _ => TerminalDetail::Normal,
        }
    }
}

#[derive(ClapArgs, Debug)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct SandboxArgs {
    #[command(subcommand)]
    pub(super) action: Option<SandboxAction>,
    /// Start only the marketplace of this scheme. Repeatable
    #[arg(long, value_name = "NAME")]
    pub(super) scheme: Vec<String>,
    /// The port of the first scheme. Each further scheme gets the next port. `SCHEME=PORT` sets the
    /// port of one scheme, and 0 chooses a free port. The default is 9000. Repeatable
    #[arg(long, short, value_name = "PORT")]
    pub(super) port: Vec<String>,
    /// Use one port for all schemes, each with its own host name: <http://shopee.localhost:PORT>
    #[arg(long, value_name = "PORT", conflicts_with = "port")]
    pub(super) one_port: Option<u16>,
    /// The address to listen on. If it is not a loopback address, other machines can connect
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1")]
    pub(super) bind: String,
    /// Use TLS. Clients must trust the certificate that `ingam sandbox ca` shows
    #[arg(long)]
    pub(super) tls: bool,
    /// Also start a forward proxy, for clients that have no setting for the base URL. It responds
    /// for the hosts of the schemes, and forwards nothing. 0 chooses a free port
    #[arg(long, value_name = "PORT")]
    pub(super) proxy_port: Option<u16>,
    /// Allow web pages of this origin to call the sandbox. Repeatable
    #[arg(long, value_name = "ORIGIN")]
    pub(super) cors: Vec<String>,
    /// Take the protocol of a request from the header `X-Forwarded-Proto` of a proxy
    #[arg(long)]
    pub(super) trust_forwarded_proto: bool,
    /// Send signed pushes to this address of your program, such as <http://127.0.0.1:3000/push>, on
    /// `POST /.ingam/push?event=NAME` and for recordings with `then_push`
    #[arg(long, value_name = "URL")]
    pub(super) push_to: Option<String>,
    /// Allow `--push-to` to name another machine
    #[arg(long, requires = "push_to")]
    pub(super) allow_remote_push: bool,
    /// Print the addresses and test keys as one line of JSON, and requests as NDJSON
    #[arg(long)]
    pub(super) json: bool,
    /// Do not print a line for each request
    #[arg(long, short)]
    pub(super) quiet: bool,
    /// Require this key in the header `x-ingam-control-key` of controls. With the key, other
    /// machines can use controls. The default is `INGAM_CONTROL_KEY`
    #[arg(long, value_name = "KEY")]
    pub(super) control_key: Option<String>,
    /// Write the addresses and test keys to this file, as environment variables
    #[arg(long, value_name = "FILE")]
    pub(super) env_file: Option<PathBuf>,
    /// Write the addresses and test keys to this file as JSON when the sandbox is ready. The file
    /// is deleted at the end
    #[arg(long, value_name = "FILE")]
    pub(super) ready_file: Option<PathBuf>,
    /// Stop when standard input ends, for example when the program that started ingam ends
    #[arg(long)]
    pub(super) until_eof: bool,
}

#[derive(Subcommand, Debug)]
pub(super) enum SandboxAction {
    /// Print the path of the sandbox's CA certificate. Creates the certificate if there is none
    Ca {
        /// Print the certificate instead
        #[arg(long)]
        pem: bool,
    },
}

#[derive(ClapArgs, Debug)]
pub(super) struct ListenArgs {
    /// The scheme
    pub(super) scheme: String,
    /// Accept only pushes of this webhook. The default is all webhooks of the scheme
    #[arg(long, value_name = "NAME")]
    pub(super) webhook: Option<String>,
    /// The address exactly as it is registered with the marketplace. Some marketplaces sign it
    #[arg(long, value_name = "URL")]
    pub(super) url: String,
    /// The port to listen on. 0 chooses a free port
    #[arg(long, short, value_name = "PORT", default_value_t = 9900)]
    pub(super) port: u16,
    /// The address to listen on. If it is not a loopback address, other machines can connect
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1")]
    pub(super) bind: String,
    /// Forward valid pushes to this address with unchanged body and headers, and return its
    /// response. A path in the address replaces the path of the push. By default, ingam responds
    /// with 200
    #[arg(long, value_name = "URL")]
    pub(super) forward: Option<String>,
    #[command(flatten)]
    pub(super) account_args: AccountArgs,
    /// Print one JSON object per line
    #[arg(long)]
    pub(super) json: bool,
    /// Stop when standard input ends, for example when the program that started ingam ends
    #[arg(long)]
    pub(super) until_eof: bool,
}

#[derive(ClapArgs, Debug)]
pub(super) struct TrustArgs {
    /// The environment. The default is `default_env` in ingam.yaml
    #[arg(long, short, value_name = "NAME")]
    pub(super) env: Option<String>,
    /// Allow the hosts that match this pattern for `--host` and `INGAM_HOST_<SCHEME>`. `*` matches
    /// one label. Repeatable
    #[arg(long, value_name = "SCHEME=PATTERN", conflicts_with = "env")]
    pub(super) host: Vec<String>,
    /// Do not ask for confirmation
    #[arg(long, short)]
    pub(super) yes: bool,
}

#[derive(ClapArgs, Debug)]
pub(super) struct InitArgs {
    /// The folder. The default is the current folder
    pub(super) folder: Option<PathBuf>,
}

#[derive(ClapArgs, Debug)]
pub(super) struct LspArgs {
    /// Accepted and ignored. The server always uses standard input and output
    #[arg(long)]
    pub(super) stdio: bool,
}

#[derive(ClapArgs, Debug)]
pub(super) struct SchemaArgs {
    /// The kind of file
    #[arg(value_parser = ["request", "fixture", "recording", "scheme", "workspace"])]
    pub(super) kind: String,
}

#[derive(ClapArgs, Debug)]
pub(super) struct CompletionsArgs {
    pub(super) shell: clap_complete::Shell,
}
