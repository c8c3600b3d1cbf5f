import ArgumentParser
import DiptychHub
import Foundation

/// Where downloaded models lie and how they are downloaded, by the environment.
enum HubSettings {
    private static func variable(_ names: String...) -> String? {
        names.lazy.compactMap { ProcessInfo.processInfo.environment[$0] }.first { !$0.isEmpty }
    }

    /// The cache: `$DIPTYCH_CACHE`, else `diptych/models` in `$XDG_CACHE_HOME`, else in `~/.cache`.
    static var cache: ModelCache {
        if let path = variable("DIPTYCH_CACHE") { return ModelCache(directory: URL(fileURLWithPath: path)) }
        return ModelCache(directory: cacheFolder.appendingPathComponent("models"))
    }

    /// `diptych` in `$XDG_CACHE_HOME`, else in `~/.cache`.
    static var cacheFolder: URL {
        // The specification of base directories has relative paths ignored.
        let parent =
            variable("XDG_CACHE_HOME").flatMap { $0.hasPrefix("/") ? URL(fileURLWithPath: $0) : nil }
            ?? FileManager.default.homeDirectoryForCurrentUser.appendingPathComponent(".cache")
        return parent.appendingPathComponent("diptych")
    }

    /// Whether the network must not be used.
    static var isOffline: Bool { variable("DIPTYCH_OFFLINE").map { $0 != "0" } ?? false }

    static var endpoint: String? { variable("DIPTYCH_HUB_ENDPOINT") }
    static var archiveEndpoint: String? { variable("DIPTYCH_ARCHIVE_ENDPOINT") }
    static var token: String? { variable("HF_TOKEN") }

    /// The proxies, by the variables that other tools have as well. `HTTP_PROXY` in upper case is left alone, as in curl:
    /// web servers set it from what strangers send.
    static var proxies: HubOptions.Proxies {
        var proxies = HubOptions.Proxies()
        proxies.http = variable("http_proxy", "all_proxy", "ALL_PROXY")
        proxies.https = variable("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")
        proxies.exceptions = variable("no_proxy", "NO_PROXY") ?? ""
        return proxies
    }
}

/// The options of commands that download models.
struct HubArguments: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The hub or a mirror of it (default: $DIPTYCH_HUB_ENDPOINT, else \(HubOptions.publicEndpoint)).",
            valueName: "url"))
    var endpoint: String?

    @Option(
        help: ArgumentHelp(
            """
            A mirror for files that are not on the hub, such as OpenAI's archives: it stands for the scheme and host of \
            their URLs (default: $DIPTYCH_ARCHIVE_ENDPOINT, else none).
            """, valueName: "url"))
    var archiveEndpoint: String?

    @Option(help: ArgumentHelp("A file with an access token (default: $HF_TOKEN).", valueName: "file"))
    var tokenFile: String?

    @Flag(help: "Never use the network (also by DIPTYCH_OFFLINE=1).")
    var offline = false

    func options() throws -> HubOptions {
        var options = HubOptions()
        options.endpoint = endpoint ?? HubSettings.endpoint ?? options.endpoint
        options.archiveEndpoint = archiveEndpoint ?? HubSettings.archiveEndpoint
        options.isOffline = offline || HubSettings.isOffline
        options.proxies = HubSettings.proxies
        options.token = try tokenFile.map(Self.token) ?? HubSettings.token
        return options
    }

    private static func token(in path: String) throws -> String {
        guard let handle = FileHandle(forReadingAtPath: path), let bytes = try handle.read(upToCount: 4096) else {
            throw Failure("\(path): cannot be read, or is empty; it should hold an access token")
        }
        return String(decoding: bytes, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
    }
}

extension Failure {
    /// The error with what to do about it on the command line.
    init(_ error: HubError) {
        let hint =
            switch error.kind {
            case .unauthorized: " (--token-file FILE, or the variable HF_TOKEN)"
            case .offline: "; run it without --offline and DIPTYCH_OFFLINE"
            case .unknownModel: "; `diptych models list` shows the registered ones"
            default: ""
            }
        self.init(error.description + hint)
    }
}
