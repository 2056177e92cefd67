//! The arguments of `ingam gateway`.

use clap::Args as ClapArgs;
use std::path::PathBuf;

#[derive(ClapArgs, Debug)]
#[command(after_help = "Example:
  ingam gateway --env live --port 9000
  curl \"http://$(cat KEY_FILE)@127.0.0.1:9000/shopee@sg/api/v2/shop/get_shop_info\"")]
pub(super) struct GatewayArgs {
    /// The environment; by default ingam.yaml's `default_env`, or the sandbox
    #[arg(long, short, value_name = "NAME")]
    pub(super) env: Option<String>,
    /// The port to listen on; 0 is any free one
    #[arg(long, short, value_name = "PORT", default_value_t = 9800)]
    pub(super) port: u16,
    /// Pass on calls of this scheme only. Repeatable
    #[arg(long, value_name = "NAME")]
    pub(super) scheme: Vec<String>,
    /// A host in place of all hosts of a scheme; not in the sandbox. Repeatable
    #[arg(long, value_name = "SCHEME=URL")]
    pub(super) host: Vec<String>,
    /// Pass on calls that change something, too; by default only reads
    #[arg(long)]
    pub(super) write: bool,
    /// A file with the key, which only you can read; it is made if there is none. By default one in
    /// your state folder, unless `INGAM_GATEWAY_KEY` holds the key
    #[arg(long, value_name = "FILE")]
    pub(super) key_file: Option<PathBuf>,
    /// The largest body of a request
    #[arg(long, value_name = "SIZE", default_value = "32MiB")]
    pub(super) max_body: String,
    /// How long a marketplace may take to begin its response, and between two parts of it
    #[arg(long, value_name = "TIME", default_value = "30s")]
    pub(super) timeout: String,
    /// How long a call may wait for its budget; `0s` for not at all
    #[arg(long, value_name = "TIME", default_value = "30s")]
    pub(super) wait: String,
    /// The address of this machine to listen on; any but a loopback one needs `--allow-network`
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1")]
    pub(super) bind: String,
    /// Why other machines may call it: whoever has the key acts for your shops, and the key is not
    /// encrypted on its way
    #[arg(long, value_name = "REASON")]
    pub(super) allow_network: Option<String>,
    /// A name that clients call it by, besides those of this machine. Repeatable
    #[arg(long, value_name = "NAME", requires = "allow_network")]
    pub(super) allow_host: Vec<String>,
    /// Print the address as JSON, and calls as NDJSON
    #[arg(long)]
    pub(super) json: bool,
    /// Print no line for each call
    #[arg(long, short)]
    pub(super) quiet: bool,
    /// Print what to do about each error
    #[arg(long, short, conflicts_with = "quiet")]
    pub(super) verbose: bool,
    /// Write the address as JSON to this file as soon as calls are accepted, and delete it at the
    /// end
    #[arg(long, value_name = "FILE")]
    pub(super) ready_file: Option<PathBuf>,
    /// Stop as soon as standard input ends, as it does with the program that started this one
    #[arg(long)]
    pub(super) until_eof: bool,
}
