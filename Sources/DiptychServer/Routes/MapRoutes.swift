internal import Diptych
internal import DiptychLabels
internal import DiptychMap
internal import DiptychSearch
internal import Foundation
internal import HTTPTypes
internal import Hummingbird

/// `/v1/map`: the items of the store as points of the plane, those that are alike together.
struct MapRoutes: RouteGroup {
    private let services: Services
    private let keeper: MapKeeper?
    private let feed = EventFeed()

    init(services: Services, threads: Int) {
        self.services = services
        keeper = services.store.map { [feed] in MapKeeper($0.store, threads: threads, feed: feed) }
    }

    var routes: [Route] {
        [
            .get("/v1/map", .read, use: state),
            .post("/v1/map", .write, use: again),
            .get("/v1/map/points", .read, query: ["by"], use: points),
            .events("/v1/map/events", .read, services) { [feed] _ in feed },
        ]
    }

    private func required() throws -> MapKeeper {
        _ = try services.requiredStore()
        guard let keeper else { throw Problem.notFound("this server has no store") }
        return keeper
    }

    private func state(_ request: Request, _ context: ServerContext) async throws -> Response {
        try await answer(try required(), isFresh: false)
    }

    private func again(_ request: Request, _ context: ServerContext) async throws -> Response {
        try await answer(try required(), isFresh: true)
    }

    private func answer(_ keeper: MapKeeper, isFresh: Bool) async throws -> Response {
        switch try await keeper.state(isFresh: isFresh) {
        case .making(let share): return JSON.object([("state", "making"), ("progress", .double(share))]).response()
        case .failed(let reason):
            return JSON.object([("state", "failed"), ("reason", .string(reason))]).response()
        case .ready:
            let (drawn, isWorking) = (await keeper.drawn, await keeper.isWorking)
            return JSON.object([
                ("state", "ready"), ("count", .int(drawn?.map.ids.count ?? 0)), ("version", .int(drawn?.version ?? 0)),
                ("updating", .bool(isWorking)),
                (
                    "attributes",
                    .array(try await attributes().map(JSON.string))
                ),
            ]).response()
        }
    }

    /// What points may be coloured by: attributes, and `annotation.` before the name of a task with labels.
    private func attributes() async throws -> [String] {
        let store = try services.requiredStore().store
        let tasks = services.labels == nil ? [] : try await LabelTask.kinds(in: store)
        return try await store.attributeNames(limit: 50) + tasks.map { Self.annotation + LabelTask.name($0) }
    }

    private static let annotation = "annotation."

    /// The labels of a task, where an attribute names one.
    private func labels(_ attribute: String?) async throws -> (byItem: [String: String], last: Int64)? {
        guard let attribute, attribute.hasPrefix(Self.annotation), let desk = services.labels,
            let kind = LabelTask.Kind.allCases.first(where: { attribute == Self.annotation + LabelTask.name($0) })
        else { return nil }
        return try await desk.workspace(kind, services.models).labels()
    }

    /// A line of JSON (`count`, `version`, `by`, `names`, `counts`), padded with spaces to a multiple of four bytes; then each item's
    /// x and y (float32), each item's colour (a byte: 0, or 1 and its place in `names`), and the ids in lines. Little endian.
    private func points(_ request: Request, _ context: ServerContext) async throws -> Response {
        let keeper = try required()
        let attribute = context.query.text("by")
        let labels = try await self.labels(attribute)
        var colours: MapColours?
        if labels == nil { colours = try await attribute.asyncMap { try await keeper.colours(by: $0) } ?? nil }
        guard let drawn = await keeper.drawn else {
            throw Problem.busy("the map is not ready yet; GET /v1/map begins it and says how far it is")
        }
        let map = drawn.map
        if let labels {
            colours = try await services.work.images.run { MapColours(of: map, values: labels.byItem) }
        }
        let shown = colours
        let bytes = try await services.work.images.run {
            var head = JSON.object([
                ("count", .int(map.ids.count)), ("version", .int(drawn.version)),
                ("by", attribute.map(JSON.string) ?? .null),
                ("names", .array((shown?.names ?? []).map(JSON.string))),
                ("counts", .array((shown?.counts ?? []).map(JSON.int))),
            ]).text
            head += String(repeating: " ", count: 3 - head.utf8.count % 4) + "\n"
            var bytes = Array(head.utf8)
            bytes.reserveCapacity(bytes.count + map.ids.count * 24)
            for point in map.points {
                for value in [point.x, point.y] {
                    withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes.append(contentsOf: $0) }
                }
            }
            // A map that has grown meanwhile has other places.
            if let places = shown?.places, places.count == map.ids.count {
                bytes += places
            } else {
                bytes += [UInt8](repeating: 0, count: map.ids.count)
            }
            bytes += Array(map.ids.joined(separator: "\n").utf8)
            return bytes
        }
        let name = String(UInt(bitPattern: attribute.hashValue), radix: 36)
        let tag = "\"\(drawn.version)-\(name)-\(labels?.last ?? 0)\""
        return Representation(
            bytes, tag: tag, headers: [.contentType: "application/octet-stream", .cacheControl: "no-cache"]
        ).response(to: request)
    }
}

extension Optional where Wrapped: Sendable {
    fileprivate func asyncMap<Result>(_ body: (Wrapped) async throws -> Result) async rethrows -> Result? {
        guard let self else { return nil }
        return try await body(self)
    }
}
