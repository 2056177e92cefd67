//! The environment of a run, made from the host and the workspace. `run`, `explain`, `auth` and
//! `cleanup` share it.

use crate::budget::{Budget, BudgetLocation};
use crate::cli::args::{GlobalArgs, TargetArgs};
use crate::cli::command_error::CommandError;
use crate::cli::given_hosts::{HOST_VARIABLE, given_hosts, trusted_patterns};
use crate::cli::given_variables::given_variables;
use crate::cli::invocation::Invocation;
use crate::cli::settings;
use crate::credentials::{CredentialSources, KnownVariables};
use crate::diagnostic::did_you_mean;
use crate::host::{HostContext, SeededRng};
use crate::load::{
    FileKind, LoadedWorkspace, WorkspaceFiles, all_schemes, scheme_names, schemes_where,
};
use crate::model::credential_variable::secret_variable;
use crate::model::environment::{ALL_ACCOUNTS, ConfiguredHosts, SANDBOX_ENV};
use crate::model::request::{Request, WorkspaceFile, WorkspaceFileError};
use crate::model::scheme::{Scheme, SchemeHost, SchemeOrigin};
use crate::model::workspace::Workspace;
use crate::plain_file::read_plain_file;
use crate::plan::{CommandScope, Plan, sends_user_secrets, workspace_secrets};
use crate::platform;
use crate::redact::Redactor;
use crate::render::BodyFiles;
use crate::renew::{SchemeSource, SharedStore, TokenRefresher};
use crate::run::{
    AccessEnvironment, AccessResolver, GivenHost, GivenVariable, NetworkSettings, NotTrusted,
    RecordingMode, RequestCounts, RequestLog, RetryBudget, RunBudget, RunContext, RunEnvironment,
    RunOptions, RunRecordings, RunState, RunTokens, SecretDestination, UserSecrets, stop_channel,
};
use crate::sandbox::{ListenOptions, SandboxOrigins, SandboxServer};
use crate::transport::{LiveTransport, NetworkPolicy, ProxyVariables};
use crate::trust::{TrustList, TrustSubject};
use crate::wire::BaseUrl;
use bytes::Bytes;
use std::cell::RefCell;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

/// The largest file that a request may send, in bytes: it is read into memory to be signed.
const MAX_BODY_FILE: u64 = 64 << 20;

/// Reads the files of one workspace.
pub(crate) struct DiskBodyFiles {
    files: WorkspaceFiles,
    /// Where ingam keeps credentials and tokens, without links. A home folder or a project can hold
    /// them and be a workspace, too.
    secret_folders: Vec<PathBuf>,
}

impl BodyFiles for DiskBodyFiles {
    fn read(&self, file: &WorkspaceFile) -> Result<Bytes, WorkspaceFileError> {
        let path = self.files.resolve_data_path(&file.path)?;
        if settings::is_in_secret_folder(&self.secret_folders, &path) {
            return Err(WorkspaceFileError::Store(file.path.clone()));
        }
        read_plain_file(&path, MAX_BODY_FILE)
            .map(Bytes::from)
            .map_err(|error| WorkspaceFileError::Unreadable {
                path: file.path.clone(),
                error,
            })
    }
}

/// The environment and the variables of the command line.
pub(crate) struct RunTarget {
    pub(crate) environment: String,
    pub(crate) vars: Vec<GivenVariable>,
    pub(crate) hosts: Vec<GivenHost>,
}

impl RunTarget {
    /// # Errors
    /// If it is wrong or cannot be had.
    pub(crate) fn new(
        invocation: &Invocation<'_>,
        loaded: &LoadedWorkspace,
        target: &TargetArgs,
        requests: Option<&[&Request]>,
        scope: CommandScope<'_>,
    ) -> Result<Self, CommandError> {
        let vars = given_variables(invocation, loaded, target)?;
        let environment = settings::resolve_environment(&loaded.workspace, target.env.as_deref())?;
        let mut given = settings::command_line_overrides(target, &vars);
        given.requests = requests.map(|requests| {
            requests
                .iter()
                .map(|request| request.name.as_str())
                .collect()
        });
        settings::check_template_names(invocation, loaded, &environment, &given, scope)?;
        let hosts = given_hosts(
            invocation.host,
            &loaded.workspace,
            &environment,
            &target.host,
        )?;
        Ok(Self {
            environment,
            vars,
            hosts,
        })
    }
}

/// The schemes that some requests use, each once.
#[must_use]
pub(crate) fn schemes_of(workspace: &Workspace, requests: &[&Request]) -> Vec<Arc<Scheme>> {
    let named = |scheme: &&Arc<Scheme>| {
        requests
            .iter()
            .flat_map(|request| request.calls())
            .any(|step| step.scheme.name == scheme.name)
    };
    workspace.schemes.iter().filter(named).cloned().collect()
}

/// Adds the schemes that the fixtures of a plan use.
pub(crate) fn add_fixture_schemes(
    schemes: &mut Vec<Arc<Scheme>>,
    plan: &Plan<'_>,
    workspace: &Workspace,
) {
    let steps = plan
        .units
        .iter()
        .flat_map(|unit| &unit.fixtures)
        .flat_map(|fixture| fixture.all_steps());
    for name in steps.map(|step| step.scheme.name.as_str()) {
        if let Some(scheme) = workspace
            .scheme(name)
            .filter(|_| !schemes.iter().any(|known| known.name == name))
        {
            schemes.push(Arc::clone(scheme));
        }
    }
}

/// The folder of the ledgers: what fixtures created and nobody has deleted yet.
#[must_use]
pub(crate) fn ledger_folder(host: &HostContext) -> Option<PathBuf> {
    host.state_folder().map(|folder| folder.join("ledger"))
}

/// An account of the command line must be one of some scheme that is used.
///
/// # Errors
/// If it is wrong or cannot be had.
pub(crate) fn check_account(
    loaded: &LoadedWorkspace,
    environment: &str,
    account: Option<&str>,
    schemes: &[Arc<Scheme>],
) -> Result<(), CommandError> {
    let Some(named) = account else { return Ok(()) };
    let accounts = schemes
        .iter()
        .flat_map(|scheme| loaded.workspace.accounts(environment, &scheme.name));
    let names: Vec<&str> = accounts.map(|account| account.name.as_str()).collect();
    if names.contains(&named) || (named == ALL_ACCOUNTS && !names.is_empty()) {
        return Ok(());
    }
    let hint = did_you_mean(named, names).unwrap_or_else(|| {
        "add it under `envs` in ingam.yaml, or choose another account".to_owned()
    });
    Err(CommandError::usage(format!(
        "there is no account `{named}` in environment `{environment}`"
    ))
    .hint(hint))
}

/// The environment that sends: the sandbox started, or the user's own credentials read.
///
/// # Errors
/// If it is wrong or cannot be had.
pub(crate) async fn open_environment<'w>(
    host: &HostContext,
    loaded: &'w LoadedWorkspace,
    target: &RunTarget,
    schemes: &[Arc<Scheme>],
) -> Result<AccessEnvironment<'w>, CommandError> {
    if target.environment == SANDBOX_ENV {
        let clock_and_rng = host.clock_and_rng();
        // No fixed port: several runs may have a sandbox at the same time.
        let sandbox = SandboxServer::start(
            &loaded.workspace,
            schemes,
            ListenOptions::default(),
            clock_and_rng,
        )
        .await?;
        return Ok(AccessEnvironment::Sandbox(sandbox.origins));
    }
    let credentials = read_credentials(host, loaded)?;
    let trust = TrustList::load(host.config_folder().as_deref(), &loaded.workspace.root)?
        .with_given_hosts(trusted_patterns(host, &loaded.workspace)?);
    let (environment, given) = (target.environment.clone(), target.hosts.clone());
    let trusts = move |to: Option<SecretDestination<'_>>, network: NetworkSettings<'_>| {
        let mut wanted = to.map_or_else(Vec::new, |to| {
            required_trust(loaded, &environment, to, &given)
        });
        wanted.extend(required_network_trust(&environment, network));
        if let Some(to) = to {
            refuse_plain_secret(loaded, &environment, to.scheme, to.base)?;
        }
        let is_allowed = |thing: &TrustSubject| match thing {
            TrustSubject::GivenHosts { scheme, .. } => {
                to.is_some_and(|to| trust.allows_given_host(scheme, to.base))
            }
            TrustSubject::AccountHost { scheme, .. } => {
                trust.is_allowed(thing)
                    || to.is_some_and(|to| {
                        is_login_host(to) || trust.allows_given_host(scheme, to.base)
                    })
            }
            thing => trust.is_allowed(thing),
        };
        wanted
            .into_iter()
            .find(|thing| !is_allowed(thing))
            .map_or(Ok(()), |thing| {
                Err(NotTrusted {
                    subject: thing.describe(),
                    way_out: format!(
                        "review it, then allow it with `{}`",
                        thing.trust_command(&environment)
                    ),
                })
            })
    };
    Ok(AccessEnvironment::Configured {
        credentials,
        trusts: Box::new(trusts),
    })
}

/// The environment of a run that sends nothing: test keys, and addresses at which nothing listens.
#[must_use]
pub(crate) fn offline_environment(loaded: &LoadedWorkspace) -> AccessEnvironment<'_> {
    AccessEnvironment::Sandbox(SandboxOrigins::unbound(&scheme_names(&loaded.workspace)))
}

/// The environment of `explain`: nothing is sent, so credentials may be missing.
///
/// # Errors
/// If it is wrong or cannot be had.
pub(crate) fn explain_environment<'w>(
    host: &HostContext,
    loaded: &'w LoadedWorkspace,
    name: &str,
) -> Result<AccessEnvironment<'w>, CommandError> {
    if name == SANDBOX_ENV {
        return Ok(offline_environment(loaded));
    }
    Ok(AccessEnvironment::DryRun(read_credentials(host, loaded)?))
}

/// Warns of variables that are nearly those of a credential or a setting.
pub(crate) fn warn_of_unknown_variables(
    invocation: &Invocation<'_>,
    loaded: &LoadedWorkspace,
    environment: &AccessEnvironment<'_>,
    schemes: &[Arc<Scheme>],
) {
    let secrets = workspace_secrets(&loaded.workspace);
    let secrets: Vec<String> = secrets.keys().map(|name| secret_variable(name)).collect();
    let mut settings = settings::SETTING_VARIABLES.to_vec();
    settings.extend(secrets.iter().map(String::as_str));
    let known = KnownVariables {
        workspace: &loaded.workspace,
        schemes,
        scheme_names: &scheme_names(&loaded.workspace),
        settings: &settings,
        host_variable: HOST_VARIABLE,
    };
    for variable in environment.unknown_variables(&known) {
        match variable.hint {
            Some(hint) => invocation.warnings.add_with_hint(variable.message, hint),
            None => invocation.warnings.add(variable.message),
        }
    }
}

/// The credentials of the user, for every scheme.
///
/// # Errors
/// If it is wrong or cannot be had.
pub(crate) fn read_credentials(
    host: &HostContext,
    loaded: &LoadedWorkspace,
) -> Result<CredentialSources, CommandError> {
    Ok(CredentialSources::load(
        &host.env,
        &loaded.workspace.root,
        host.config_folder().as_deref(),
    )?)
}

/// Whether a person who signs in is led to a host of the account that belongs to the marketplace: it
/// is below the domain that the scheme writes. Of a whole host name nothing is known before.
fn is_login_host(to: SecretDestination<'_>) -> bool {
    let mut own = to.scheme.hosts.iter().filter_map(SchemeHost::account_host);
    to.is_login && own.any(|host| host.fits(to.base.host()))
}

/// What the user must trust before this scheme's secrets are sent to this host. A loopback address
/// and a host that the scheme writes out need no trust. A host that a credential of the account
/// gives does, and so does a scheme of the workspace, by its content.
#[must_use]
pub(crate) fn required_trust(
    loaded: &LoadedWorkspace,
    environment: &str,
    to: SecretDestination<'_>,
    given: &[GivenHost],
) -> Vec<TrustSubject> {
    let SecretDestination { scheme, base, .. } = to;
    let mut things = Vec::new();
    let mut fixed = scheme.hosts.iter().filter_map(SchemeHost::fixed_url);
    let own_host = fixed.any(|url| url == base.as_str());
    let declared = loaded.workspace.environment(environment);
    let configured = declared.and_then(|declared| declared.configured_hosts(&scheme.name));
    // One address is trusted for all hosts, for one with another base path too.
    let one = configured.and_then(|configured| match configured {
        ConfiguredHosts::One(host) => BaseUrl::parse(&host.name).ok(),
        ConfiguredHosts::ByName(_) => None,
    });
    let named = one.filter(|one| one.origin() == base.origin());
    // A cloned workspace could name any host in ingam.yaml, and collect the signatures and tokens
    // of whoever runs it.
    if !own_host && !base.is_loopback() {
        let scheme_name = scheme.name.clone();
        let is_given = given.iter().any(|given| given.scheme == scheme.name);
        let has_secrets =
            scheme.uses_secrets() || sends_user_secrets(&loaded.workspace, &scheme.name);
        things.extend(if is_given {
            // Who runs it has named the host. A request without secrets gives nothing away there.
            has_secrets.then(|| TrustSubject::GivenHosts {
                scheme: scheme_name,
                pattern: base.authority().to_owned(),
            })
        } else if configured.is_none() {
            Some(account_host_trust(to))
        } else {
            Some(TrustSubject::Host {
                environment: environment.to_owned(),
                scheme: scheme_name,
                host: named.as_ref().unwrap_or(base).as_str().to_owned(),
            })
        });
    }
    things.extend(scheme_trust(loaded, scheme));
    things
}

/// What the user must trust before a scheme of the workspace gets a secret, wherever it is sent.
#[must_use]
pub(crate) fn scheme_trust(loaded: &LoadedWorkspace, scheme: &Scheme) -> Option<TrustSubject> {
    // The steps of a scheme could put a secret into a query or a header as it is, and so can a
    // request with `{{ secret.NAME }}`. By its text: a change of the file needs trust again.
    let is_needed = scheme.origin == SchemeOrigin::Workspace
        && (scheme.uses_secrets() || sends_user_secrets(&loaded.workspace, &scheme.name));
    is_needed.then(|| {
        let text = loaded
            .sources
            .get(scheme.at.file)
            .map_or("", |source| &source.text);
        let hosts = scheme.hosts.iter().map(ToString::to_string).collect();
        TrustSubject::scheme(&scheme.name, text, hosts)
    })
}

/// The trust in a host that a credential of the account gives.
#[must_use]
pub(crate) fn account_host_trust(to: SecretDestination<'_>) -> TrustSubject {
    TrustSubject::AccountHost {
        scheme: to.scheme.name.clone(),
        account: to.account.to_owned(),
        host: to.base.origin().to_owned(),
    }
}

/// A scheme without secrets may use plain `http`, but for a request with `{{ secret.NAME }}`.
fn refuse_plain_secret(
    loaded: &LoadedWorkspace,
    environment: &str,
    scheme: &Scheme,
    base: &BaseUrl,
) -> Result<(), NotTrusted> {
    let declared = loaded.workspace.environment(environment);
    let is_allowed = declared.is_some_and(|declared| declared.plain_http.is_some());
    if base.is_https()
        || base.is_loopback()
        || is_allowed
        || !sends_user_secrets(&loaded.workspace, &scheme.name)
    {
        return Ok(());
    }
    Err(NotTrusted {
        subject: format!(
            "secrets of requests with the scheme `{}` would be sent to {base} without encryption",
            scheme.name
        ),
        way_out: "use a host with `https://`; in a network that you trust, write `plain_http: true` in the environment".to_owned(),
    })
}

/// What the user must trust before a workspace's own proxy or authority is used: both could get
/// between the user and a host.
#[must_use]
pub(crate) fn required_network_trust(
    environment: &str,
    network: NetworkSettings<'_>,
) -> Vec<TrustSubject> {
    let proxy = network.proxy.map(|proxy| TrustSubject::Proxy {
        environment: environment.to_owned(),
        proxy: proxy.url.clone(),
    });
    let ca = network
        .ca
        .map(|ca| TrustSubject::authority(environment, &ca.path, &ca.text));
    proxy.into_iter().chain(ca).collect()
}

/// The sources of a [`RunContext`].
pub(crate) struct RunSession<'w> {
    pub(crate) host: &'w HostContext,
    pub(crate) global: &'w GlobalArgs,
    pub(crate) loaded: &'w LoadedWorkspace,
    pub(crate) files: &'w DiskBodyFiles,
}

impl<'w> RunSession<'w> {
    /// # Errors
    /// If it is wrong or cannot be had.
    pub(crate) fn build_context(
        &self,
        chosen: RunTarget,
        environment: AccessEnvironment<'w>,
        verbose: bool,
    ) -> Result<RunContext<'w>, CommandError> {
        let mut redactor = Redactor::default();
        for (name, value) in environment.secrets(&self.loaded.workspace.schemes) {
            redactor.add_secret(name, value);
        }
        let rng = SeededRng::new(self.host.random_bytes)?;
        let is_own = matches!(environment, AccessEnvironment::Configured { .. });
        let options = RunOptions {
            environment: chosen.environment,
            vars: chosen.vars,
            run_id: hex::encode(&rng.draw()[..4]),
            verbose,
            // Objects in the sandbox end with it, so there is nothing to clean up later.
            ledger: ledger_folder(self.host).filter(|_| is_own),
            ..RunOptions::default()
        };
        Ok(RunContext {
            environment: self.build_environment(
                &options.environment,
                environment,
                chosen.hosts,
                rng,
            )?,
            options,
            state: RunState {
                started_at: Instant::now(),
                recordings: RunRecordings::new(RecordingMode::Disabled, "", !is_own),
                redactor: redactor.into(),
                retries: RetryBudget::default(),
                requests: RequestCounts::default(),
                request_log: RequestLog::default(),
                delivered: RefCell::default(),
            },
        })
    }

    fn build_environment(
        &self,
        name: &str,
        environment: AccessEnvironment<'w>,
        hosts: Vec<GivenHost>,
        rng: SeededRng,
    ) -> Result<RunEnvironment<'w>, CommandError> {
        let workspace = &self.loaded.workspace;
        let is_own = matches!(environment, AccessEnvironment::Configured { .. });
        Ok(RunEnvironment {
            workspace,
            files: self.files,
            transport: LiveTransport::new(self.network_policy(name, &hosts)?)
                .with_proxies(ProxyVariables::new(&self.host.env)),
            secrets: UserSecrets::default(),
            tokens: self.build_tokens(name, &environment)?,
            budget: self.build_budgets(is_own)?,
            accesses: AccessResolver::new(workspace, name, environment, hosts),
            clock: self.host.clock,
            rng,
            // Only `run` listens to signals.
            stop: stop_channel().1,
            // Only `run` writes responses.
            outputs: None,
        })
    }

    fn network_policy(
        &self,
        environment: &str,
        hosts: &[GivenHost],
    ) -> Result<NetworkPolicy, CommandError> {
        Ok(
            if environment == SANDBOX_ENV || self.is_all_loopback(environment, hosts)? {
                NetworkPolicy::LoopbackOnly
            } else {
                NetworkPolicy::Anywhere
            },
        )
    }

    /// Tokens of the user's own environments are stored. Tokens of the built-in sandbox end with
    /// it.
    fn build_tokens(
        &self,
        name: &str,
        environment: &AccessEnvironment<'_>,
    ) -> Result<RunTokens<'w>, CommandError> {
        let kept = match environment {
            AccessEnvironment::Configured { .. } => Some(SharedStore {
                config: settings::store_config(self.host, self.global)?,
                helper: settings::renewal_helper(self.host)?,
                budget: settings::budget_location(self.host)?,
            }),
            AccessEnvironment::Sandbox(_) | AccessEnvironment::DryRun(_) => None,
        };
        let clock_and_rng = self.host.clock_and_rng();
        let loaded = self.loaded;
        let source = Box::new(move |scheme: &Scheme| scheme_source(loaded, scheme));
        let refresh = loaded
            .workspace
            .environment(name)
            .map(|environment| environment.refresh_policy)
            .unwrap_or_default();
        Ok(RunTokens::new(
            TokenRefresher::new(kept, clock_and_rng, source),
            refresh,
        ))
    }

    /// Calls are always counted in the user's own environments.
    fn build_budgets(&self, is_own: bool) -> Result<RunBudget, CommandError> {
        let place = if is_own {
            settings::budget_location(self.host)?
        } else {
            BudgetLocation::Disabled
        };
        Ok(RunBudget::new(Budget::new(
            place,
            self.host.clock,
            self.host.random_bytes,
        )))
    }

    /// Whether every scheme of the workspace goes to a loopback host in this environment.
    fn is_all_loopback(
        &self,
        environment: &str,
        hosts: &[GivenHost],
    ) -> Result<bool, CommandError> {
        let workspace = &self.loaded.workspace;
        let environment = workspace.environment(environment);
        for scheme in &workspace.schemes {
            let given = hosts.iter().find(|given| given.scheme == scheme.name);
            let own = environment
                .and_then(|environment| environment.configured_hosts(&scheme.name))
                .map(ConfiguredHosts::addresses)
                .unwrap_or_default();
            let mut is_loopback = given.map_or(!own.is_empty(), |given| given.base.is_loopback());
            for host in own.iter().filter(|_| given.is_none()) {
                is_loopback &= parse_host(&scheme.name, &host.name)?.is_loopback();
            }
            if !is_loopback {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// The host of a scheme.
///
/// # Errors
/// If it is no valid address.
pub(crate) fn parse_host(scheme: &str, host: &str) -> Result<BaseUrl, CommandError> {
    // Refused, and not ignored: without it the environment would count as one that needs no trust.
    BaseUrl::parse(host).map_err(|error| {
        CommandError::file(format!("the host of `{scheme}` is not valid: {error}"))
    })
}

/// A workspace with every scheme, for a command that needs these kinds of files besides.
///
/// # Errors
/// If the workspace cannot be read, or one of these files has a fault.
pub(crate) fn load_with_all_schemes(
    invocation: &Invocation<'_>,
    kinds: &'static [FileKind],
) -> Result<LoadedWorkspace, CommandError> {
    let mut loaded = settings::load_kinds(invocation, kinds)?;
    loaded.workspace.schemes = all_schemes(&mut loaded);
    Ok(loaded)
}

/// A workspace with the named scheme and no other, if there is one.
///
/// # Errors
/// If the workspace cannot be read, or one of these files has a fault.
pub(crate) fn load_with_scheme(
    invocation: &Invocation<'_>,
    kinds: &'static [FileKind],
    scheme: &str,
) -> Result<LoadedWorkspace, CommandError> {
    let mut loaded = settings::load_kinds(invocation, kinds)?;
    loaded.workspace.schemes = schemes_where(&mut loaded, |name| name == scheme);
    Ok(loaded)
}

/// The context for calls outside of a run, in one of the user's own environments.
///
/// # Errors
/// If it is wrong or cannot be had.
pub(crate) async fn persistent_context<'w>(
    invocation: &Invocation<'w>,
    loaded: &'w LoadedWorkspace,
    files: &'w DiskBodyFiles,
    name: String,
) -> Result<RunContext<'w>, CommandError> {
    let chosen = RunTarget {
        hosts: given_hosts(invocation.host, &loaded.workspace, &name, &[])?,
        environment: name,
        vars: Vec::new(),
    };
    let own = open_environment(invocation.host, loaded, &chosen, &[]).await?;
    RunSession {
        host: invocation.host,
        global: invocation.global,
        loaded,
        files,
    }
    .build_context(chosen, own, false)
}

/// The text that a scheme was decoded from. The user trusts this text.
fn scheme_source(loaded: &LoadedWorkspace, scheme: &Scheme) -> SchemeSource {
    SchemeSource {
        name: scheme.name.clone(),
        built_in: scheme.origin == SchemeOrigin::BuiltIn,
        text: loaded
            .sources
            .get(scheme.at.file)
            .map_or_else(String::new, |source| source.text.to_string()),
        root: loaded.workspace.root.clone(),
    }
}

/// So many files must be free to be opened: 16 calls at once, each with a connection and its other
/// end in the sandbox, and the files that a run reads and writes.
const MIN_FREE_DESCRIPTORS: usize = 48;

/// A runtime with one thread.
///
/// # Errors
/// If the system gives no event queue, or too few files can be opened.
pub(crate) fn start_runtime() -> Result<tokio::runtime::Runtime, CommandError> {
    // Where they run out in the middle of a run, libraries panic, and connections wait until they
    // time out.
    platform::check_free_descriptors(MIN_FREE_DESCRIPTORS).map_err(|error| {
        CommandError::operation(format!(
            "ingam can open fewer than {MIN_FREE_DESCRIPTORS} files: {error}"
        ))
        .hint("raise the limit of open files, for example with `ulimit -n 1024`")
    })?;
    // Calls wait for the network nearly all of the time: waking a second thread costs more than it
    // saves.
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| {
            CommandError::operation(format!("ingam cannot start its runtime: {error}"))
        })
}

/// The files of the workspace that was loaded.
///
/// # Errors
/// If its folder cannot be read.
pub(crate) fn open_files(
    host: &HostContext,
    loaded: &LoadedWorkspace,
) -> Result<DiskBodyFiles, CommandError> {
    let root = &loaded.workspace.root;
    let files =
        WorkspaceFiles::new(root).map_err(|error| settings::unreadable_workspace(root, &error))?;
    Ok(DiskBodyFiles {
        files,
        secret_folders: settings::secret_folders(host),
    })
}
