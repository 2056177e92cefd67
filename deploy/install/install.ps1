# Installs ingam from a release:
#
#   irm https://github.com/ingam-dev/ingam/releases/latest/download/install.ps1 | iex
#
# INGAM_VERSION      a version such as v0.2.0; the latest one without it
# INGAM_INSTALL_DIR  where to; %LOCALAPPDATA%\ingam without it
# INGAM_DOWNLOAD     where archives come from, for a mirror of your own
#
# The archive is compared with its SHA-256 checksum before anything is unpacked.
# Settings and variables end with the block: `iex` runs this in the session of who calls it.
& {
    $ErrorActionPreference = 'Stop'
    $ProgressPreference = 'SilentlyContinue'

    $releases = 'https://github.com/ingam-dev/ingam/releases'
    $from = if ($env:INGAM_DOWNLOAD) { $env:INGAM_DOWNLOAD }
        elseif ($env:INGAM_VERSION) { "$releases/download/$($env:INGAM_VERSION)" }
        else { "$releases/latest/download" }
    $folder = if ($env:INGAM_INSTALL_DIR) { $env:INGAM_INSTALL_DIR } else { Join-Path $env:LOCALAPPDATA 'ingam' }
    if (-not [Environment]::Is64BitOperatingSystem) {
        throw 'install ingam: there is no binary for 32-bit Windows. With Rust installed, run: cargo install ingam --locked'
    }
    # Windows on ARM runs the x86_64 binary.
    $target = 'x86_64-pc-windows-msvc'
    $archive = "ingam-$target.zip"

    $work = Join-Path ([IO.Path]::GetTempPath()) ([Guid]::NewGuid())
    New-Item -ItemType Directory -Path $work | Out-Null
    try {
        Invoke-WebRequest -UseBasicParsing "$from/$archive" -OutFile (Join-Path $work $archive)
        Invoke-WebRequest -UseBasicParsing "$from/$archive.sha256" -OutFile (Join-Path $work "$archive.sha256")
        $expected = ((Get-Content (Join-Path $work "$archive.sha256") -Raw).Trim() -split '\s+')[0]
        $actual = (Get-FileHash -Algorithm SHA256 (Join-Path $work $archive)).Hash.ToLowerInvariant()
        if ($expected -ne $actual) {
            throw "install ingam: the checksum of $archive is $actual, and $expected was expected. Nothing was installed"
        }
        Expand-Archive (Join-Path $work $archive) -DestinationPath $work
        New-Item -ItemType Directory -Force -Path $folder | Out-Null
        $new = Join-Path $folder 'ingam.new.exe'
        Copy-Item -Force (Join-Path $work "ingam-$target\ingam.exe") $new
        $version = & $new --version
        if ($LASTEXITCODE -ne 0) {
            Remove-Item -Force $new
            throw "install ingam: the binary of $archive does not start on this machine. Nothing was installed"
        }
        Move-Item -Force $new (Join-Path $folder 'ingam.exe')
        Write-Output "$version is installed in $folder"
        if (-not (($env:PATH -split ';') -contains $folder)) {
            Write-Output "Add it to your path: [Environment]::SetEnvironmentVariable('Path', `"`$([Environment]::GetEnvironmentVariable('Path', 'User'));$folder`", 'User')"
        }
    } finally {
        Remove-Item -Recurse -Force $work
    }
}
