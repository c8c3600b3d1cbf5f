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

            Example: diptych serve --store pictures.store
            """)

    @OptionGroup var model: ModelArguments
    @OptionGroup var fetching: FetchArguments
    @OptionGroup var settings: ServeSettings

    func run() async throws {
        let logger = settings.logger(isQuiet: model.quiet)
        var store: (any VectorStore)?
        var remembered: String?
        if let place = settings.store {
            let opened = try await StoreLocation(place).open()
            store = opened
            let path = try await opened.info().modelPath
            remembered = path.flatMap { FileManager.default.fileExists(atPath: $0) ? $0 : nil }
        }
        let location: String
        if model.model == nil, let remembered {
            location = remembered
        } else {
            location = try ModelLocation(model.model).announced(isQuiet: model.quiet).path
        }
        let arguments = model, batch = settings.largestBatch
        let first = ModelSource(name: ServeSettings.name(of: location)) { [store] in
            let loaded = try await arguments.load(path: location, batchSize: batch)
            try await store?.require(loaded)
            return loaded
        }
        var options = ServerOptions(models: [first])
        for named in try settings.otherModels() {
            let path = try ModelLocation(named.location).path
            options.models.append(
                ModelSource(name: named.name, loadsAtStart: settings.loadsAll) {
                    try await arguments.load(path: path, batchSize: batch)
                })
        }
        options.store = store
        options.folder = (store as? EmbeddedStore)?.directory
        options.reading = model.pictures
        options.reading.decode = model.decode ?? store?.decode ?? .exact
        options.reading.appliesOrientation = (store?.appliesOrientation ?? true) && options.reading.appliesOrientation
        options.fetch.addresses = fetching.options.addresses
        try settings.apply(to: &options, logger: logger)
        if !model.quiet, options.keys == nil, !["127.0.0.1", "::1", "localhost"].contains(settings.host) {
            Console.say(
                "warning: whoever reaches \(settings.host) may search, add and remove; --api-key-file lets in only who has a key"
            )
        }
        let isQuiet = model.quiet, host = settings.host, isEncrypted = options.certificate != nil
        let server = try DiptychServer(options, logger: logger) { port in
            guard !isQuiet else { return }
            let name = host.contains(":") ? "[\(host)]" : host
            Console.say("serving \(isEncrypted ? "https" : "http")://\(name):\(port)")
        }
        // The command's task is cancelled at Ctrl-C and SIGTERM; accepted requests are finished then.
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: [ServiceGroupConfiguration.ServiceConfiguration(service: server)], logger: logger))
        try await withTaskCancellationHandler {
            try await Task { try await group.run() }.value
        } onCancel: {
            Task { await group.triggerGracefulShutdown() }
        }
    }
}
