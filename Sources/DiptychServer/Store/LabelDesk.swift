internal import Diptych
internal import DiptychLabels
internal import DiptychSearch
internal import Logging

/// The tasks of a store that people label, each opened when it is first asked for.
actor LabelDesk {
    private let store: any VectorStore
    private let given: LabelTask?
    private let people: Int
    /// Who labels where nobody needs a key.
    nonisolated let annotator: String
    private var open: [LabelTask.Kind: Task<LabelWorkspace, any Error>] = [:]

    init(_ store: any VectorStore, _ options: ServerOptions) {
        (self.store, given) = (store, options.labelling)
        (people, annotator) = (options.annotatorsPerImage, options.annotator)
    }

    /// The kind of task where a request names none: the server's own, else the first that the store has.
    func usual() async throws -> LabelTask.Kind {
        if let given { return given.kind }
        return try await LabelTask.kinds(in: store).first ?? .multiple
    }

    /// A task at work. Its images are read meanwhile.
    func workspace(_ kind: LabelTask.Kind?, _ models: ModelPool) async throws -> LabelWorkspace {
        let kind = if let kind { kind } else { try await usual() }
        if let known = open[kind] {
            do { return try await known.value } catch {
                open[kind] = nil
                throw error
            }
        }
        let (store, people) = (store, people)
        let task = if let given, given.kind == kind { given } else { try LabelTask(kind) }
        let opening = Task {
            let model = try? await models.model()
            let texts: (any TextEmbedder)? = (try? model?.encoder()) == nil ? nil : model
            let workspace = try await LabelWorkspace.open(task, of: store, texts: texts, people: people)
            Task { try? await workspace.load() }
            return workspace
        }
        open[kind] = opening
        return try await opening.value
    }
}
