//! The arguments of `ingam gateway`.

use clap::Args as ClapArgs;
use std::path::PathBuf;

#[derive(ClapArgs, Debug)]
#[command(after_help = "Example:
  ingam gateway --env live --port 9000
  curl \"http://$(cat KEY_FILE)@127.0.0.1:9000/shopee@sg/api/v2/shop/get_shop_info\"")]
pub(super) struct GatewayArgs {
    /// The environment. The default is `default_env` in ingam.yaml, or else the sandbox
    #[arg(long, short, value_name = "NAME")]
    pub(super) env: Option<String>,
    /// The port to listen on. 0 chooses a free port
    #[arg(long, short, value_name = "PORT", default_value_t = 9800)]
    pub(super) port: u16,
    /// Accept only calls of this scheme. Repeatable
    #[arg(long, value_name = "NAME")]
    pub(super) scheme: Vec<String>,
    /// Send the requests of a scheme to this host. Not available in the sandbox. Repeatable
    #[arg(long, value_name = "SCHEME=URL")]
    pub(super) host: Vec<String>,
    /// Also accept calls that can change something. By default, only reads are accepted
    #[arg(long)]
    pub(super) write: bool,
    /// The file with the key that clients must send. Only you may be able to read it. ingam creates
    /// it if it does not exist. The default is a file in your state folder, unless
    /// `INGAM_GATEWAY_KEY` holds the key
    #[arg(long, value_name = "FILE")]
    pub(super) key_file: Option<PathBuf>,
    /// The maximum size of a request body
    #[arg(long, value_name = "SIZE", default_value = "32MiB")]
    pub(super) max_body: String,
    /// The timeout until the response of the marketplace begins, and between two parts of it
    #[arg(long, value_name = "TIME", default_value = "30s")]
    pub(super) timeout: String,
    /// How long a call may wait for its budget. `0s` means that it does not wait
    #[arg(long, value_name = "TIME", default_value = "30s")]
    pub(super) wait: String,
    /// The address to listen on. If it is not a loopback address, `--allow-network` is required
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1")]
    pub(super) bind: String,
    /// Allow other machines to connect, for the reason that you give. Everyone who has the key can
    /// call your shops, and the key is sent unencrypted
    #[arg(long, value_name = "REASON")]
    pub(super) allow_network: Option<String>,
    /// A host name that clients may use, in addition to the names of this machine. Repeatable
    #[arg(long, value_name = "NAME", requires = "allow_network")]
    pub(super) allow_host: Vec<String>,
    /// Print the address as JSON, and calls as NDJSON
    #[arg(long)]
    pub(super) json: bool,
    /// Do not print a line for each call
    #[arg(long, short)]
    pub(super) quiet: bool,
    /// Print for each error what to do
    #[arg(long, short, conflicts_with = "quiet")]
    pub(super) verbose: bool,
    /// Write the address to this file as JSON when the gateway is ready. The file is deleted at the
    /// end
    #[arg(long, value_name = "FILE")]
    pub(super) ready_file: Option<PathBuf>,
    /// Stop when standard input ends, for example when the program that started ingam ends
    #[arg(long)]
    pub(super) until_eof: bool,
}
