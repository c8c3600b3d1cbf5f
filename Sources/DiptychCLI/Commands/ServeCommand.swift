import ArgumentParser
import Diptych
import DiptychMedia
import DiptychSearch
import DiptychServer
import Foundation
import Logging
import ServiceLifecycle

struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Serve models and a store over HTTP, with pages to search in a browser.",
        discussion: """
            The page is at http://127.0.0.1:9502/, its figures at /status, the API's description at /openapi.json, and \
            Documentation/service.md says more. Requests come from this machine only, unless --host says otherwise; then \
            give --api-key-file (see `diptych keys`) and, outside a trusted network, --certificate.

            Options may also stand in a file (--config) and in the environment: DIPTYCH_SERVE_PORT is --port.

            Example: diptych serve --store images.store
            """)

    @OptionGroup var model: ModelArguments
    @OptionGroup var fetching: FetchArguments
    @OptionGroup var settings: ServeSettings

    func run() async throws {
        let configured = try ServeConfiguration.arguments(
            file: settings.config, environment: ProcessInfo.processInfo.environment)
        guard !configured.isEmpty else { return try await serve() }
        // Behind the name of the program and that of this command; what comes last counts.
        try await Self.parse(configured + CommandLine.arguments.dropFirst(2)).serve()
    }

    /// What is left of accepted requests after 8 seconds is cut; whatever a model or a disk still does, the process ends.
    private static let longestShutdown = 9.5

    /// Serves until it is interrupted.
    ///
    /// - Parameters:
    ///   - page: the path of the page to name.
    ///   - change: changes what the options say.
    func serve(page: String = "", _ change: (inout ServerOptions) throws -> Void = { _ in }) async throws {
        OpenFiles.raiseLimit()
        let logger = settings.logger(isQuiet: model.quiet)
        var options = try await serverOptions(logger)
        try change(&options)
        if !model.quiet, options.keys == nil, !["127.0.0.1", "::1", "localhost"].contains(options.host) {
            Console.say(
                "warning: whoever reaches \(options.host) may search, add and remove; --api-key-file lets in only who "
                    + "has a key")
        }
        let isQuiet = model.quiet, host = options.host, path = options.basePath,
            isEncrypted = options.certificate != nil
        let server = try DiptychServer(options, logger: logger) { port in
            guard !isQuiet else { return }
            let name = host.contains(":") ? "[\(host)]" : host
            Console.say("serving \(isEncrypted ? "https" : "http")://\(name):\(port)\(path)\(page)")
        }
        // The command's task is cancelled at Ctrl-C and SIGTERM; accepted requests are finished then.
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: [ServiceGroupConfiguration.ServiceConfiguration(service: server)], logger: logger))
        let hangUp = Signals.onHangUp(when: options.certificate != nil || options.keys != nil) { server.reload() }
        defer { hangUp?.cancel() }
        try await withTaskCancellationHandler {
            try await Task { try await group.run() }.value
        } onCancel: {
            Signals.endAtLatest(after: Self.longestShutdown)
            Task { await group.triggerGracefulShutdown() }
        }
    }

    /// What the options ask for: a store, the models that requests may name, and how both are served.
    private func serverOptions(_ logger: Logger) async throws -> ServerOptions {
        let store: (any VectorStore)? =
            if let place = settings.store ?? StoreOption.usual { try await StoreLocation(place).open() } else { nil }
        let location = try await location(of: store)
        var options = ServerOptions(models: [
            source(ServeSettings.name(of: location), location, loadsAtStart: true) { loaded in
                try await store?.require(loaded)
            }
        ])
        options.models += try settings.otherModels().map { named in
            source(named.name, try ModelLocation(named.location).path, loadsAtStart: settings.loadsAll)
        }
        options.store = store
        options.pages = EmbeddedFiles.files(in: "Pages")
        options.folder = (store as? EmbeddedStore)?.directory
        options.reading = model.images
        // Its clients know no options of the command line.
        options.reading.namesOptions = false
        options.reading.decode = model.decode ?? store?.decode ?? .exact
        options.reading.appliesOrientation = (store?.appliesOrientation ?? true) && options.reading.appliesOrientation
        options.fetch.addresses = fetching.options.addresses
        try settings.apply(to: &options, logger: logger)
        return options
    }

    /// Where the first model is: where `--model` says, else where the store's was last, else the demo model.
    private func location(of store: (any VectorStore)?) async throws -> String {
        if model.model == nil, let path = try await store?.info().modelPath,
            FileManager.default.fileExists(atPath: path)
        {
            return path
        }
        return try ModelLocation(model.model).announced(isQuiet: model.quiet).path
    }

    private func source(
        _ name: String, _ path: String, loadsAtStart: Bool,
        check: @escaping @Sendable (any Embedder) async throws -> Void = { _ in }
    ) -> ModelSource {
        let arguments = model, batch = settings.largestBatch
        return ModelSource(name: name, loadsAtStart: loadsAtStart) {
            let loaded = try await arguments.load(path: path, batchSize: batch)
            try await check(loaded)
            return loaded
        }
    }
}
