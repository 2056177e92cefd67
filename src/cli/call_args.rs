//! The arguments of `ingam call`. The `///` comments are the text of `--help`.

use super::target_args::TargetArgs;
use clap::Args;
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  ingam call shopee GET /api/v2/shop/get_shop_info | jq .shop_name
  ingam call shopee@sg GET /api/v2/product/get_item_list offset==0 page_size==20 --env live
  ingam call shopee GET /api/v2/shop/get_shop_info --env live --write requests/shop.yaml --record
  ingam call coupang POST /v2/providers/a/orders id:=17 buyer[name]=Kim --env live --yes

Items:
  name==text   a parameter of the query          name=text    a member of the body, text
  Name:text    a header                          name:=json   a member of the body, JSON
  Name;        an empty header                   name@file    a file, with --form
  `==@`, `:@`, `=@` and `:=@` take the value from a file. `a[b]=1` is nested JSON, `a[]=1` a list.
  A backslash takes `: = @ ; [ ]` literally: `a\\:b=1`. Texts can hold `{{ now() }}` and the like.";

#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct CallArgs {
    /// The scheme; `shopee@sg` with its account
    #[arg(value_name = "SCHEME")]
    pub(super) scheme: String,
    /// GET, POST, PUT, PATCH, DELETE, HEAD or OPTIONS
    #[arg(value_name = "METHOD")]
    pub(super) method: String,
    /// The path, from the first `/`; scheme and environment own the host
    #[arg(value_name = "PATH")]
    pub(super) path: String,
    /// Parts of the request, such as `limit==5`; see below
    #[arg(value_name = "ITEM")]
    pub(super) items: Vec<String>,
    #[command(flatten)]
    pub(super) target: TargetArgs,
    /// Send the items of the body as a form, with files as its parts
    #[arg(long, short)]
    pub(super) form: bool,
    /// Send the items of the body as `multipart/form-data`
    #[arg(long, conflicts_with = "form")]
    pub(super) multipart: bool,
    /// The whole body as text; `-` reads it from standard input
    #[arg(long, value_name = "TEXT")]
    pub(super) raw: Option<String>,
    /// Write the body of the response to this file, to the byte
    #[arg(long, short, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
    /// Replace the file of `-o` if there is one
    #[arg(long, requires = "output")]
    pub(super) overwrite: bool,
    /// Write the call as a request file with assertions that its response proposes
    #[arg(long, value_name = "FILE")]
    pub(super) write: Option<PathBuf>,
    /// Write the response to fixtures/recordings, too, as a recording of that file
    #[arg(long, requires = "write")]
    pub(super) record: bool,
    /// Show the request and the head of the response on standard error, secrets by their names
    #[arg(long, short)]
    pub(super) verbose: bool,
    /// Show personal data that `redact` hides, at this terminal only
    #[arg(long)]
    pub(super) show_personal: bool,
    /// Send a call that writes without asking
    #[arg(long, short)]
    pub(super) yes: bool,
    /// How long the call may wait for its budget; `0s` for not at all
    #[arg(long, value_name = "TIME", default_value = "5s")]
    pub(super) wait: String,
    /// How long all of it may take
    #[arg(long, value_name = "TIME")]
    pub(super) timeout: Option<String>,
    /// Whether tokens are renewed; by default what ingam.yaml says, or auto
    #[arg(long, value_name = "WHEN", value_parser = ["auto", "never"])]
    pub(super) refresh: Option<String>,
}
