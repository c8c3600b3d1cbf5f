import ArgumentParser
import DiptychDatasets
import DiptychHub
import DiptychSources
import Foundation

/// How buckets and web servers are reached, by the environment and the files that other tools have as well.
enum SourceSettings {
    private static func variable(_ names: String...) -> String? {
        names.lazy.compactMap { ProcessInfo.processInfo.environment[$0] }.first { !$0.isEmpty }
    }

    private static func file(_ path: String?, _ usual: String) -> KeyFile {
        let path = path ?? FileManager.default.homeDirectoryForCurrentUser.appendingPathComponent(usual).path
        return KeyFile((try? String(contentsOfFile: path, encoding: .utf8)) ?? "")
    }

    /// Lets paths be URLs of sources from now on.
    static func install(isAnonymous: Bool = false, redirectsAnywhere: Bool = false) {
        RemotePaths.install(RemoteSources(options(isAnonymous: isAnonymous, redirectsAnywhere: redirectsAnywhere)))
    }

    /// - Parameters:
    ///   - isAnonymous: whether keys are left where they are.
    ///   - redirectsAnywhere: whether servers may redirect to private networks.
    static func options(isAnonymous: Bool, redirectsAnywhere: Bool = false) -> DiptychSources.SourceOptions {
        var options = DiptychSources.SourceOptions()
        options.amazon = amazon()
        options.google = google()
        let unsigned = variable("AWS_NO_SIGN_REQUEST").map { ["1", "yes", "true"].contains($0.lowercased()) } ?? false
        if isAnonymous || unsigned { options.amazon.keys = nil }
        if isAnonymous { options.google.keys = nil }
        let proxies = HubSettings.proxies
        (options.proxies.http, options.proxies.https) = (proxies.http, proxies.https)
        options.proxies.exceptions = proxies.exceptions
        options.redirectsAnywhere = redirectsAnywhere
        return options
    }

    /// Variables first, then the profile of `$AWS_PROFILE` (else `default`) in `~/.aws/credentials` and `~/.aws/config`.
    private static func amazon() -> DiptychSources.SourceOptions.Service {
        let credentials = file(variable("AWS_SHARED_CREDENTIALS_FILE"), ".aws/credentials")
        let config = file(variable("AWS_CONFIG_FILE"), ".aws/config")
        let profile = variable("AWS_PROFILE", "AWS_DEFAULT_PROFILE") ?? "default"
        func value(_ name: String) -> String? {
            credentials.value(name, profile: profile) ?? config.value(name, profile: profile)
        }
        var service = DiptychSources.SourceOptions.Service()
        if let key = variable("AWS_ACCESS_KEY_ID"), let secret = variable("AWS_SECRET_ACCESS_KEY") {
            service.keys = .init(identifier: key, secret: secret, token: variable("AWS_SESSION_TOKEN"))
        } else if let key = value("aws_access_key_id"), let secret = value("aws_secret_access_key") {
            service.keys = .init(identifier: key, secret: secret, token: value("aws_session_token"))
        }
        service.region = variable("AWS_REGION", "AWS_DEFAULT_REGION") ?? value("region")
        service.endpoint = variable("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL") ?? value("endpoint_url")
        return service
    }

    /// HMAC keys from variables, else from `~/.boto`.
    private static func google() -> DiptychSources.SourceOptions.Service {
        var service = DiptychSources.SourceOptions.Service()
        let boto = file(variable("BOTO_CONFIG"), ".boto")
        if let key = variable("GS_ACCESS_KEY_ID") ?? boto["Credentials", "gs_access_key_id"],
            let secret = variable("GS_SECRET_ACCESS_KEY") ?? boto["Credentials", "gs_secret_access_key"]
        {
            service.keys = .init(identifier: key, secret: secret)
        }
        service.endpoint = variable("GS_ENDPOINT_URL", "STORAGE_EMULATOR_HOST")
        return service
    }
}

/// The options of commands that read buckets and web servers.
struct RemoteArguments: ParsableArguments {
    @Flag(help: "Read s3:// and gs:// without keys, although there are some.")
    var anonymous = false

    /// Lets paths be URLs of sources from now on.
    func install(redirectsAnywhere: Bool = false) {
        SourceSettings.install(isAnonymous: anonymous, redirectsAnywhere: redirectsAnywhere)
    }
}
