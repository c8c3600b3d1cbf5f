public import Diptych
internal import DiptychMedia
internal import Foundation
internal import Logging
internal import ServiceLifecycle

/// A model that a server may load.
public struct ModelSource: Sendable {
    /// What requests call it.
    public var name: String
    /// Whether it is loaded when the server starts; otherwise the first request that names it waits.
    public var loadsAtStart: Bool
    /// Loads it.
    public var load: @Sendable () async throws -> any Embedder

    /// A model by what loads it.
    public init(name: String, loadsAtStart: Bool = true, load: @escaping @Sendable () async throws -> any Embedder) {
        self.name = name
        self.loadsAtStart = loadsAtStart
        self.load = load
    }
}

/// The models of a server, loaded when they are needed and unloaded when they were not for long.
actor ModelPool: Service {
    /// How a model is doing.
    enum Status: String, Sendable { case unloaded, loading, ready, failed }

    /// What is told of a model.
    struct Report: Sendable {
        let name: String
        let status: Status
        let engine: EngineDescription?
        let dimension: Int?
        let queues: (texts: QueueCounts, images: QueueCounts)?
    }

    private struct Slot {
        let source: ModelSource
        var loading: Task<ServedModel, any Error>?
        var served: ServedModel?
        var engine: EngineDescription?
        var failed = false
        var used = ContinuousClock.now
    }

    private var slots: [String: Slot] = [:]
    private let order: [String]
    private let batches: BatchOptions
    private let reading: ImageOptions
    private let stages: Stages
    private let work: Workers
    private let idleLimit: Duration?
    private let logger: Logger

    /// - Parameter idleLimit: models that were not used for so long are unloaded, but for the first; nil for never.
    init(
        _ sources: [ModelSource], batches: BatchOptions, reading: ImageOptions, stages: Stages, work: Workers,
        idleLimit: Duration?, logger: Logger
    ) throws {
        guard !sources.isEmpty else { throw ServerError("a server needs a model") }
        for source in sources {
            guard slots[source.name] == nil else {
                throw ServerError("two models are called '\(source.name)'; name one of them with NAME=PATH")
            }
            slots[source.name] = Slot(source: source)
        }
        order = sources.map(\.name)
        self.batches = batches
        self.reading = reading
        self.stages = stages
        self.work = work
        self.idleLimit = idleLimit
        self.logger = logger
    }

    /// The name of the model that answers where a request names none.
    nonisolated var defaultName: String { order[0] }
    /// All names.
    nonisolated var names: [String] { order }

    /// The model called `name`, which is loaded where it is not; the first where nil or empty.
    func model(named name: String? = nil) async throws -> ServedModel {
        let name = name.flatMap { $0.isEmpty ? nil : $0 } ?? defaultName
        guard var slot = slots[name] else {
            throw Problem.noModel(name, of: order)
        }
        slot.used = .now
        if let served = slot.served {
            slots[name] = slot
            return served
        }
        let loading = slot.loading ?? begin(slot.source)
        slot.loading = loading
        slots[name] = slot
        // A request that is over waits no more; loading goes on for the next one.
        let result = Promise<ServedModel>()
        Task { result.resolve(await loading.result) }
        return try await result.value
    }

    private func begin(_ source: ModelSource) -> Task<ServedModel, any Error> {
        return Task {
            do {
                let served = try await load(source)
                let engine = try await served.model.engineDescription()
                slots[source.name]?.served = served
                slots[source.name]?.engine = engine
                slots[source.name]?.loading = nil
                slots[source.name]?.failed = false
                return served
            } catch {
                slots[source.name]?.loading = nil
                slots[source.name]?.failed = true
                logger.error("model cannot be loaded", metadata: ["model": "\(source.name)", "error": "\(error)"])
                throw error
            }
        }
    }

    private nonisolated func load(_ source: ModelSource) async throws -> ServedModel {
        let begin = ContinuousClock.now
        let model = try await source.load()
        let served = ServedModel(
            name: source.name, model: model, options: batches, reading: model.preprocessing.readingOptions(reading),
            stages: stages, work: work)
        // Packs the weights of all towers, so that the first request does not wait for it.
        if let model = model as? any TextEmbedder { _ = try await model.embed(texts: ["an image"]) }
        let gray = try Image(width: 64, height: 64, bytes: [UInt8](repeating: 128, count: 64 * 64 * 3))
        _ = try await model.embed(images: [gray])
        logger.info(
            "model loaded",
            metadata: ["model": "\(source.name)", "seconds": "\((ContinuousClock.now - begin).inSeconds)"])
        return served
    }

    /// Whether all models that are loaded at start are ready; otherwise why not.
    func readiness() -> String? {
        for name in order {
            guard let slot = slots[name], slot.source.loadsAtStart || slot.failed else { continue }
            if slot.failed { return "the model '\(name)' could not be loaded; the server's log says why" }
            if slot.served == nil { return "the model '\(name)' is being loaded" }
        }
        return nil
    }

    /// How all models are doing.
    func reports() -> [Report] {
        order.compactMap { name in
            slots[name].map { slot in
                let status: Status =
                    slot.served != nil ? .ready : slot.loading != nil ? .loading : slot.failed ? .failed : .unloaded
                return Report(
                    name: name, status: status, engine: slot.served == nil ? nil : slot.engine,
                    dimension: slot.served?.dimension, queues: slot.served?.counts)
            }
        }
    }

    /// Loads what is to be loaded at start, and unloads what is idle, until the server stops; then finishes what is accepted.
    func run() async throws {
        try await withTaskCancellationOrGracefulShutdownHandler {
            try await self.live()
        } onCancelOrGracefulShutdown: {
            self.stopping.finish()
        }
    }

    private nonisolated let stopping = ShutdownSignal()

    private func live() async throws {
        for name in order where slots[name]?.source.loadsAtStart == true {
            _ = try await model(named: name)
        }
        while await stopping.wait(atMost: .seconds(1)) { await unloadIdle() }
        for name in order {
            let served = slots[name]?.served
            slots[name]?.served = nil
            await served?.stop()
        }
    }

    private func unloadIdle() async {
        guard let idleLimit else { return }
        for name in order.dropFirst() {
            guard let slot = slots[name], let served = slot.served, .now - slot.used > idleLimit else { continue }
            slots[name]?.served = nil
            await served.stop()
            logger.info("model unloaded", metadata: ["model": "\(name)"])
        }
    }
}
