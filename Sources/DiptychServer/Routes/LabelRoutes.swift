internal import Diptych
internal import DiptychLabels
internal import DiptychSearch
internal import Hummingbird

/// `/v1/labels`: giving labels to the images of the store.
struct LabelRoutes: RouteGroup {
    let services: Services

    var routes: [Route] {
        [
            .get("/v1/labels", .write, query: ["task", "prefix", "limit"], use: labels),
            .post("/v1/labels", .write, query: ["task"], takes: NewLabel.self, use: change),
            .get("/v1/labels/progress", .write, query: ["task", "annotator"], use: progress),
            .get(
                "/v1/labels/queue", .write,
                query: [
                    "task", "tab", "annotator", "count", "order", "scope", "filter", "text", "item", "fresh", "live",
                    "offset",
                    "grid",
                ], use: queue),
            .get("/v1/labels/images/{id}", .write, query: ["task"], use: image),
            .post("/v1/labels/decisions", .write, query: ["task"], takes: LabelOperations.self, use: decide),
            .get("/v1/labels/report", .write, query: ["task"], use: report),
        ]
    }

    struct NewLabel: BodyFields {
        static let names = ["label", "rename_to", "annotator"]
        let label: String
        let newName: String?
        let annotator: String?

        init(_ fields: Fields) throws {
            label = try fields.requiredText("label")
            newName = try fields.text("rename_to")
            annotator = try fields.text("annotator")
        }
    }

    private func workspace(_ context: ServerContext) async throws -> LabelWorkspace {
        _ = try services.requiredStore()
        guard let desk = services.labels else { throw Problem.notFound("this server has no store to label") }
        let kind = try context.query.text("task").map { name in
            guard let kind = LabelTask.Kind(rawValue: name) else {
                throw Problem.badField("task", "'task' must be single, multiple or text, not '\(name.prefix(60))'")
            }
            return kind
        }
        return try await desk.workspace(kind, services.models)
    }

    /// Who asks: by the key, else by what the page says, else by what the server was told.
    private func author(_ given: String?, _ context: ServerContext) throws -> String {
        if services.keys != nil, let identity = context.identity { return identity.name }
        guard let given, !given.isBlank else { return services.labels?.annotator ?? "me" }
        guard given.utf8.count <= Annotation.nameLimit, !given.unicodeScalars.contains(where: { $0.value < 32 }) else {
            throw Problem.badField(
                "annotator", "'annotator' is longer than \(Annotation.nameLimit) bytes or holds a control character")
        }
        return given
    }

    // MARK: Labels

    private func labels(_ request: Request, _ context: ServerContext) async throws -> Response {
        let workspace = try await workspace(context)
        let limit = try context.query.integer("limit", in: 1...100_000) ?? 12
        let task = await workspace.current
        let found = await workspace.labels(matching: context.query.text("prefix") ?? "", limit: limit)
        return try await JSON.object([
            ("task", .string(task.kind.rawValue)), ("labels", .array(task.labels.map(JSON.string))),
            (
                "matches",
                .array(found.map { ["label": .string($0.label), "count": .int($0.uses), "last": .double($0.last)] })
            ),
        ]).response(of: task.labels.count * 40, by: services.work.text)
    }

    private func change(_ body: NewLabel, _ request: Request, _ context: ServerContext) async throws -> Response {
        let (workspace, author) = (try await workspace(context), try author(body.annotator, context))
        guard let name = body.newName else {
            let kept = try await ServedStore.writing { try await workspace.add(label: body.label) }
            return JSON.object([("label", .string(kept)), ("images", .int(0))]).response()
        }
        let images = try await ServedStore.writing {
            try await workspace.rename(label: body.label, to: name, by: author)
        }
        return JSON.object([("label", .string(name)), ("images", .int(images))]).response()
    }

    // MARK: Images

    private func queue(_ request: Request, _ context: ServerContext) async throws -> Response {
        let store = try services.requiredStore(), query = context.query
        let workspace = try await workspace(context)
        guard let tab = query.text("tab"), tab.utf8.count <= LabelDecision.idLimit else {
            throw Problem.badField("tab", "'tab' names the window that asks, in 1 to \(LabelDecision.idLimit) bytes")
        }
        var wanted = LabelRequest(tab: tab, author: try author(query.text("annotator"), context))
        wanted.count = try query.integer("count", in: 1...500) ?? 20
        wanted.offset = try query.integer("offset", in: 0...10_000_000) ?? 0
        (wanted.isFresh, wanted.isGrid) = (query.text("fresh") == "true", query.text("grid") == "true")
        wanted.live = Set((query.text("live") ?? "").split(separator: ",").prefix(64).map(String.init))
        if let name = query.text("scope") {
            guard let scope = LabelRequest.Scope(rawValue: name) else {
                throw Problem.badField(
                    "scope", "'scope' must be unlabelled, skipped, labelled or all, not '\(name.prefix(60))'")
            }
            wanted.scope = scope
        }
        if let text = query.text("filter"), !text.isBlank {
            wanted.filter = (text, try await Filter(text, for: store.store))
        }
        wanted.order = try await order(query, workspace)
        let images = try await workspace.next(wanted)
        return try await JSON.object([("images", .array(images.map(json)))])
            .response(of: images.count * 800, by: services.work.text)
    }

    private func order(_ query: QueryValues, _ workspace: LabelWorkspace) async throws -> LabelOrder {
        let name = query.text("order") ?? "uncertain"
        guard let order = LabelOrder(name) else {
            throw Problem.badField(
                "order", "'order' must be one of \(LabelOrder.names.joined(separator: ", ")), not '\(name.prefix(60))'")
        }
        // What is nearest to something comes before any order.
        if let text = query.text("text") {
            let model = try await services.models.model()
            return .nearest(try await model.embed(texts: [text])[0].values)
        }
        if let item = query.text("item") {
            _ = try await services.requiredStore().item(item)
            return .nearest(try await workspace.embedding(ofItem: item) ?? [])
        }
        return order
    }

    private func image(_ request: Request, _ context: ServerContext) async throws -> Response {
        let id = try context.parameters.require("id")
        _ = try await services.requiredStore().item(id)
        return json(try await workspace(context).image(id)).response()
    }

    private func json(_ image: QueuedImage) -> JSON {
        .object(
            [
                ("id", .string(image.item.id)), ("name", .string(image.item.name)),
                ("state", json(image.state)), ("blind", .bool(image.isBlind)),
                (
                    "suggestions",
                    .array(
                        image.suggestions.map {
                            [
                                "label": .string($0.label), "probability": .double($0.probability),
                                "raw": .double($0.raw),
                            ]
                        })
                ),
                (
                    "answers",
                    .array(
                        image.answers.map {
                            ["annotator": .string($0.author), "labels": .array($0.labels.map(JSON.string))]
                        })
                ),
            ] + services.links(image.item.id, image.item.attributes))
    }

    private func json(_ state: LabelState) -> JSON {
        [
            "labels": .array(state.labels.map(JSON.string)), "decided": .bool(state.isDecided),
            "skipped": .bool(state.isSkipped), "revision": .int(state.revision),
            "annotator": state.author.map(JSON.string) ?? .null,
        ]
    }

    // MARK: Deciding

    private func decide(_ body: LabelOperations, _ request: Request, _ context: ServerContext) async throws -> Response
    {
        let workspace = try await workspace(context), author = try author(body.annotator, context)
        var results: [JSON] = []
        // Decisions that stand together are stored together; taking back stands between.
        var place = 0
        while place < body.operations.count {
            if case .undo(let id) = body.operations[place] {
                place += 1
                let undone = try await ServedStore.writing { try await workspace.undo(id: id, by: author) }
                results.append([
                    "id": .string(id), "status": .string(undone.isEmpty ? "nothing" : "undone"),
                    "images": .array(
                        undone.map { ["id": $0.item.map(JSON.string) ?? .null, "state": json($0.state)] }),
                ])
                continue
            }
            var some: [LabelOperations.Decision] = []
            while place < body.operations.count, case .decide(let decision) = body.operations[place] {
                some.append(decision)
                place += 1
            }
            results += try await decide(some, workspace, author)
        }
        return try await JSON.object([("results", .array(results))])
            .response(of: results.count * 100, by: services.work.text)
    }

    private func decide(
        _ given: [LabelOperations.Decision], _ workspace: LabelWorkspace, _ author: String
    ) async throws -> [JSON] {
        let parts = try await workspace.parts(ofItems: given.map(\.item))
        // An image that was removed meanwhile keeps no other decision from being stored.
        let known = zip(given, parts).compactMap { decision, part in
            part.map { decision.decision(part: $0) }
        }
        let outcomes = try await ServedStore.writing { try await workspace.decide(known, by: author) }
        var left = outcomes.makeIterator()
        return zip(given, parts).map { decision, part in
            let id = JSON.string(decision.id)
            guard part != nil, let outcome = left.next() else { return ["id": id, "status": "missing"] }
            switch outcome {
            case .stored(let revision): return ["id": id, "status": "stored", "revision": .int(revision)]
            case .repeated(let revision): return ["id": id, "status": "repeated", "revision": .int(revision)]
            case .conflict(let state): return ["id": id, "status": "conflict", "state": json(state)]
            }
        }
    }
}

/// What a page does to labels, in the order in which it was done.
struct LabelOperations: BodyFields {
    static let names = ["operations", "annotator"]

    enum Operation: Sendable {
        case decide(Decision)
        case undo(String)
    }

    struct Decision: Sendable {
        let id: String
        let item: String
        let labels: [String]
        var rest: LabelDecision

        func decision(part: Int64) -> LabelDecision {
            var decision = rest
            decision.part = part
            return decision
        }
    }

    let operations: [Operation]
    let annotator: String?
    private static let members: Set<String> = [
        "id", "undo", "item", "labels", "adds", "skip", "ms", "suggestion", "blind", "group", "revision", "settles",
    ]

    init(_ fields: Fields) throws {
        annotator = try fields.text("annotator")
        guard let objects = try fields.objects("operations", most: fields.limits.inputs), !objects.isEmpty else {
            throw Problem.badField("operations", "'operations' must be a list of at least one")
        }
        operations = try objects.enumerated().map { place, members in
            try Self.operation(members, "operations[\(place)]")
        }
    }

    private static func operation(
        _ members: [String: AttributeValue], _ name: String
    ) throws(Problem) -> Operation {
        func wrong(_ what: String) -> Problem { .badField("operations", "'\(name)' \(what)") }
        if let unknown = members.keys.filter({ !Self.members.contains($0) }).min() {
            throw wrong("has no member '\(unknown.prefix(60))'")
        }
        func text(_ key: String) -> String? { if case .text(let text)? = members[key] { text } else { nil } }
        func flag(_ key: String) -> Bool { members[key] == .bool(true) }
        for key in ["undo", "adds", "skip", "blind", "settles"] {
            guard let value = members[key] else { continue }
            guard case .bool = value else { throw wrong("needs '\(key)' as true or false") }
        }
        for key in ["ms", "revision"] {
            guard let value = members[key] else { continue }
            // Up to what every client can write exactly.
            guard case .integer(let number) = value, (0...(1 << 53) - 1).contains(number) else {
                throw wrong("needs '\(key)' as a whole number from 0 to 2^53 - 1")
            }
        }
        if let value = members["group"] {
            guard case .text(let name) = value, name.utf8.count <= LabelDecision.idLimit, !name.utf8.contains(0) else {
                throw wrong("needs 'group' as a text of at most \(LabelDecision.idLimit) bytes")
            }
        }
        if case .list(let labels)? = members["labels"] {
            for case .text(let label) in labels where label.isBlank { throw wrong("has an empty label") }
        }
        if let value = members["suggestion"] {
            guard case .object = value else { throw wrong("needs 'suggestion' as an object") }
        }
        func integer(_ key: String) -> Int? { if case .integer(let value)? = members[key] { Int(value) } else { nil } }
        guard let id = text("id"), (1...LabelDecision.idLimit).contains(id.utf8.count), !id.utf8.contains(0) else {
            throw wrong("needs an 'id' of 1 to \(LabelDecision.idLimit) bytes, the same when it is sent again")
        }
        if flag("undo") { return .undo(id) }
        guard let item = text("item") else { throw wrong("needs an 'item'") }
        var labels: [String] = []
        if let given = members["labels"] {
            guard case .list(let values) = given else { throw wrong("needs 'labels' as a list of texts") }
            for value in values {
                guard case .text(let label) = value else { throw wrong("needs 'labels' as a list of texts") }
                labels.append(label)
            }
        }
        var decision = LabelDecision(id: id, part: 0, labels: labels)
        (decision.isSkip, decision.settles, decision.isBlind) = (flag("skip"), flag("settles"), flag("blind"))
        decision.adds = flag("adds")
        decision.group = text("group")
        decision.milliseconds = integer("ms").flatMap { (0...86_400_000).contains($0) ? $0 : nil }
        decision.revision = integer("revision")
        if case .object(let suggestion)? = members["suggestion"] { decision.suggestion = Self.suggestion(suggestion) }
        return .decide(Decision(id: id, item: item, labels: labels, rest: decision))
    }

    private static func suggestion(_ members: [String: AttributeValue]) -> LabelSuggestion? {
        func number(_ key: String) -> Double? {
            switch members[key] {
            case .integer(let value): Double(value)
            case .number(let value): value
            default: nil
            }
        }
        guard case .text(let label)? = members["label"], label.utf8.count <= LabelTask.byteLimit,
            let probability = number("probability"), (0...1).contains(probability)
        else { return nil }
        let raw = number("raw").flatMap { (0...1).contains($0) ? $0 : nil }
        return LabelSuggestion(label: label, probability: probability, raw: raw ?? probability)
    }
}

extension LabelRoutes {
    private func progress(_ request: Request, _ context: ServerContext) async throws -> Response {
        let workspace = try await workspace(context)
        let author = try author(context.query.text("annotator"), context)
        let (progress, task) = (try await workspace.progress(for: author), await workspace.current)
        return JSON.object([
            ("task", .string(task.kind.rawValue)), ("annotator", .string(author)), ("images", .int(progress.images)),
            ("loaded", .bool(progress.isLoaded)), ("decided", .int(progress.decided)),
            ("skipped", .int(progress.skipped)), ("undoable", .int(progress.undoable)),
            ("accepted", progress.accepted.map(JSON.double) ?? .null), ("shown", .int(progress.shown)),
            ("learnt_from", .int(progress.learntFrom)), ("training_seconds", .double(progress.trainingSeconds)),
            (
                "counts",
                .object(
                    progress.counts.filter { $0.value > 0 }.sorted { $0.key < $1.key }.map { ($0.key, .int($0.value)) })
            ),
        ]).response()
    }

    private func report(_ request: Request, _ context: ServerContext) async throws -> Response {
        try await workspace(context).report().json.response()
    }
}
