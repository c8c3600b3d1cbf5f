import ArgumentParser
import Diptych
import DiptychMedia
import DiptychServer
import Foundation
import Logging

/// The options of `diptych serve` besides its model.
struct ServeSettings: ParsableArguments {
    @Option(
        help: ArgumentHelp("A file of options, {\"port\": 8080, \"store\": \"images.store\"}.", valueName: "file"))
    var config: String?

    @Option(
        help: """
            The store to search: a directory, or milvus://host/database/collection (default: $DIPTYCH_STORE, else \
            ~/.local/share/diptych/store where that is).
            """)
    var store: String?

    @Option(help: "The address to listen at; 0.0.0.0 for all of this machine.")
    var host = "127.0.0.1"

    @Option(parsing: .unconditional, help: "The port to listen at; 0 for any that is free.")
    var port = 9502

    @Option(
        name: .customLong("api-key-file"),
        help: ArgumentHelp("Let in only who has a key of this file; see `diptych keys`.", valueName: "file"))
    var apiKeyFile: String?

    @Option(
        name: .customLong("also-model"), parsing: .singleValue,
        help: ArgumentHelp(
            "Another model that requests may name, loaded when the first one does.", valueName: "name=model"))
    var alsoModels: [String] = []

    @Flag(name: .customLong("load-all"), help: "Load all models at start.")
    var loadsAll = false

    @Option(
        name: .customLong("unload-after"), parsing: .unconditional,
        help: ArgumentHelp("Unload other models that were not used for so long.", valueName: "minutes"))
    var unloadAfter: Double?

    @Option(name: .customLong("batch"), parsing: .unconditional, help: "The most pictures of a forward pass.")
    var largestBatch = 16

    @Option(name: .customLong("batch-texts"), parsing: .unconditional, help: "The most texts of a forward pass.")
    var largestTextBatch = 64

    @Option(
        name: .customLong("batch-wait"), parsing: .unconditional,
        help: ArgumentHelp("The longest that an input waits for others, up to 2.", valueName: "milliseconds"))
    var batchWait = 1.0

    @Option(
        name: .customLong("queue"), parsing: .unconditional,
        help: "The most images that wait; more are answered with 503.")
    var queue = 1024

    @Option(
        name: .customLong("cache"), parsing: .unconditional,
        help: "The most embeddings that are kept for equal inputs to come.")
    var cache = 10_000

    @Option(
        name: .customLong("request-timeout"), parsing: .unconditional,
        help: ArgumentHelp("The longest for an answer.", valueName: "seconds"))
    var requestTimeout = 60.0

    @Option(
        name: .customLong("max-body"), parsing: .unconditional,
        help: ArgumentHelp("The largest request.", valueName: "megabytes"))
    var largestBody = 32

    @Option(
        name: .customLong("rate-limit"), parsing: .unconditional,
        help: ArgumentHelp(
            "The most requests of a key, or of an address where there are no keys.", valueName: "per minute"))
    var rateLimit: Int?

    @Option(
        name: .customLong("allow-origin"), parsing: .singleValue,
        help: ArgumentHelp("Let pages of this origin use the API; * for all.", valueName: "origin"))
    var origins: [String] = []

    @Option(
        name: .customLong("allow-host"), parsing: .singleValue,
        help: ArgumentHelp("Answer by this name too, where nobody needs a key.", valueName: "name"))
    var allowedHosts: [String] = []

    @Option(
        name: .customLong("base-path"),
        help: ArgumentHelp(
            "Serve below this path, such as /diptych, behind a proxy that serves more.", valueName: "path"))
    var basePath: String?

    @Option(
        name: .customLong("trusted-proxy"), parsing: .singleValue,
        help: ArgumentHelp(
            "Believe what this proxy says of clients' addresses, names and schemes; several times.",
            valueName: "address|CIDR"))
    var trustedProxies: [String] = []

    @Flag(name: .customLong("show-paths"), help: "Tell clients where files lie on this machine, not only their names.")
    var showsPaths = false

    @Option(
        name: .customLong("connections-per-address"), parsing: .unconditional,
        help: "The most connections of one address at a time, other than this machine's own.")
    var connectionsPerAddress = 256

    @Option(help: ArgumentHelp("Answer over TLS with this certificate chain (PEM).", valueName: "file"))
    var certificate: String?

    @Option(name: .customLong("certificate-key"), help: ArgumentHelp("The certificate's key (PEM).", valueName: "file"))
    var certificateKey: String?

    @Option(
        name: .customLong("undo-minutes"), parsing: .unconditional,
        help: ArgumentHelp("How long a removed item can be brought back.", valueName: "minutes"))
    var undoMinutes = 10.0

    @Option(name: .customLong("log-level"), help: "How much is logged to standard error.")
    var logLevel = LogLevel.warning

    enum LogLevel: String, ExpressibleByArgument, CaseIterable {
        case debug, info, warning, error
    }

    func validate() throws {
        func check(_ isFine: Bool, _ reason: String) throws { if !isFine { throw ValidationError(reason) } }
        try check((0...65_535).contains(port), "--port must be 0 to 65535, not \(port).")
        try check(!host.isEmpty, "--host is empty.")
        try check((1...1024).contains(largestBatch), "--batch must be 1 to 1024, not \(largestBatch).")
        try check((1...4096).contains(largestTextBatch), "--batch-texts must be 1 to 4096, not \(largestTextBatch).")
        try check((0...2).contains(batchWait), "--batch-wait must be 0 to 2 milliseconds, not \(batchWait).")
        try check((1...1 << 20).contains(queue), "--queue must be 1 to \(1 << 20), not \(queue).")
        try check((0...1 << 24).contains(cache), "--cache must be 0 to \(1 << 24), not \(cache).")
        try check((0.001...86_400).contains(requestTimeout), "--request-timeout must be 0.001 to 86400 seconds.")
        try check((1...1024).contains(largestBody), "--max-body must be 1 to 1024 megabytes, not \(largestBody).")
        try check((1...1 << 30).contains(rateLimit ?? 1), "--rate-limit must be 1 to \(1 << 30).")
        try check(
            unloadAfter.map { $0 > 0 && $0 <= 525_600 } ?? true,
            "--unload-after must be more than 0 minutes, and at most a year's 525600.")
        try check((0...10_080).contains(undoMinutes), "--undo-minutes must be 0 to 10080.")
        try check(
            (certificate == nil) == (certificateKey == nil), "--certificate and --certificate-key belong together.")
        for origin in origins where origin != "*" {
            let url = URL(string: origin)
            try check(
                ["http", "https"].contains(url?.scheme) && url?.host != nil && url?.path == "",
                "--allow-origin '\(origin)' is not an origin such as https://example.org.")
        }
        if let basePath {
            try check(
                basePath == "/" || ServerOptions.isBasePath(basePath),
                "--base-path '\(basePath)' must be like /diptych, without a slash at its end.")
        }
        for proxy in trustedProxies {
            try check(
                AddressRange(proxy) != nil,
                "--trusted-proxy '\(proxy)' is not an address, or a range of them such as 10.0.0.0/8.")
        }
        for host in allowedHosts {
            try check(
                ServerOptions.isHost(host), "--allow-host '\(host)' is not a name or address, such as nas.local.")
        }
        try check(
            (1...65_536).contains(connectionsPerAddress),
            "--connections-per-address must be 1 to 65536, not \(connectionsPerAddress).")
        _ = try otherModels()
    }

    /// Models by what `--also-model` says: NAME=MODEL.
    func otherModels() throws -> [(name: String, location: String)] {
        try alsoModels.map { text in
            let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else {
                throw ValidationError("--also-model '\(text)' must be NAME=MODEL.")
            }
            return (parts[0], parts[1])
        }
    }

    /// What requests call a model: the last part of its path.
    static func name(of location: String) -> String {
        let name = URL(fileURLWithPath: location).lastPathComponent
        return name == "DemoModel" ? ModelLocation.demo : name
    }

    /// What the server logs.
    func logger(isQuiet: Bool) -> Logger {
        var logger = Logger(label: "diptych") { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = isQuiet ? .critical : Logger.Level(rawValue: logLevel.rawValue) ?? .warning
        return logger
    }

    /// Sets what does not depend on the model.
    func apply(to options: inout ServerOptions, logger: Logger) throws {
        options.host = host
        options.port = port
        options.undoTime = .seconds(undoMinutes * 60)
        options.batches.largestBatch = largestBatch
        options.batches.largestTextBatch = largestTextBatch
        options.batches.longestWait = .seconds(batchWait / 1000)
        options.batches.waiting = queue
        options.batches.kept = cache
        options.limits.deadline = .seconds(requestTimeout)
        options.limits.bodyBytes = largestBody << 20
        options.reading.maximumBytes = largestBody << 20
        options.requestsPerMinute = rateLimit
        options.origins = Set(origins)
        options.allowedHosts = Set(allowedHosts)
        options.showsPaths = showsPaths
        options.basePath = basePath.flatMap { $0 == "/" ? nil : $0 } ?? ""
        options.trustedProxies = trustedProxies.compactMap { AddressRange($0) }
        options.connectionsPerAddress = connectionsPerAddress
        options.modelIdleLimit = unloadAfter.map { .seconds($0 * 60) }
        if let certificate, let certificateKey { options.certificate = (certificate, certificateKey) }
        options.keys = try apiKeyFile.map { file in
            try APIKeys(file: file) { logger.error("API keys", metadata: ["reason": "\($0)"]) }
        }
    }
}
