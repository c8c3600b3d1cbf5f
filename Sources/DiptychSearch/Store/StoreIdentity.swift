public import Diptych
public import DiptychMedia
public import Foundation
internal import GRDB

/// Which model a store belongs to, and how its images were read: what must be the same for two stores to hold the same
/// kind of embeddings.
public struct StoreIdentity: Sendable, Equatable, Codable {
    /// The model's name.
    public var model: String
    /// The model's fingerprint.
    public var fingerprint: String
    /// The absolute path of the model's directory when the store was made or last indexed; nil where nobody says.
    public var modelPath: String?
    /// The width of an embedding.
    public var dimension: Int
    /// How the model prepares images, as JSON.
    public var preprocessing: String
    /// Whether EXIF orientation is applied.
    public var appliesOrientation: Bool
    /// How images are decoded.
    public var decode: ImageOptions.Decode
    /// When the store was made, in seconds since 1970.
    public var created: Double

    enum CodingKeys: String, CodingKey {
        case model, fingerprint, dimension, preprocessing, decode, created
        case modelPath = "model_path"
        case appliesOrientation = "applies_orientation"
    }

    /// That of a new store for `model`.
    public init(of model: any Embedder, appliesOrientation: Bool, decode: ImageOptions.Decode) async throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        self.init(
            model: model.name, fingerprint: await model.fingerprint(), modelPath: model.absolutePath,
            dimension: model.dimension,
            preprocessing: String(decoding: try encoder.encode(model.preprocessing), as: UTF8.self),
            appliesOrientation: appliesOrientation, decode: decode, created: StoreSurroundings.current.now())
    }

    /// One whose parts are known.
    public init(
        model: String, fingerprint: String, modelPath: String?, dimension: Int, preprocessing: String,
        appliesOrientation: Bool, decode: ImageOptions.Decode, created: Double
    ) {
        self.model = model
        self.fingerprint = fingerprint
        self.modelPath = modelPath
        self.dimension = dimension
        self.preprocessing = preprocessing
        self.appliesOrientation = appliesOrientation
        self.decode = decode
        self.created = created
    }

    /// Checks that `model` is the one, and still prepares images as it did.
    ///
    /// - Parameter name: the store, for errors.
    /// - Throws: ``StoreError`` with both names when it is not.
    public func require(_ model: any Embedder, store name: String) async throws {
        let other = await model.fingerprint()
        guard fingerprint == other else {
            throw StoreError(
                .otherModel, path: name,
                "belongs to the model '\(self.model)' (\(fingerprint.prefix(12))), not to '\(model.name)' "
                    + "(\(other.prefix(12))); use that model, or another store")
        }
        guard let known = try? JSONDecoder().decode(Preprocessing.self, from: Data(preprocessing.utf8)) else {
            throw StoreError(.damaged, path: name, "does not say how its images were preprocessed")
        }
        guard known == model.preprocessing else {
            throw StoreError(
                .otherModel, path: name,
                "its images were preprocessed otherwise than '\(model.name)' says now; restore the model's "
                    + "preprocessor_config.json, or use another store")
        }
    }

    /// Checks that embeddings of the other store may be put into this one.
    ///
    /// - Throws: ``StoreError`` with both models when they may not.
    public func require(_ other: StoreIdentity, store name: String) throws {
        guard fingerprint == other.fingerprint, dimension == other.dimension else {
            throw StoreError(
                .otherModel, path: name,
                "belongs to the model '\(model)' (\(fingerprint.prefix(12)), dimension \(dimension)), not to "
                    + "'\(other.model)' (\(other.fingerprint.prefix(12)), dimension \(other.dimension)); embeddings of one "
                    + "model only can lie together: use another store")
        }
        let differences = [
            (preprocessing == other.preprocessing, "preprocessed"),
            (appliesOrientation == other.appliesOrientation, "turned by EXIF orientation"),
            (decode == other.decode, "decoded"),
        ]
        if let difference = differences.first(where: { !$0.0 })?.1 {
            throw StoreError(
                .otherModel, path: name, "its images were \(difference) otherwise than the others; use another store")
        }
    }
}

extension EmbeddedStore {
    /// Which model the store belongs to, and how its images were read.
    public var identity: StoreIdentity {
        get async throws {
            let (id, space) = (space.id, space)
            // Its model may have been moved since.
            return try await read { db in try StoreSpace(db, id: id) ?? space }.identity
        }
    }

    /// Opens the store in `directory` without its model, and makes it there if there is none.
    ///
    /// - Throws: ``StoreError``; of kind `otherModel` where the store that is there holds other embeddings.
    public static func open(at directory: URL, like identity: StoreIdentity) async throws -> EmbeddedStore {
        do {
            try prepare(directory)
            let pool = try connect(directory)
            if try await pool.read({ db in try !Schema.exists(in: db) }) {
                try await create(in: pool, like: identity, path: directory.path)
            }
            let store = try await connected(directory, pool, space: .of(identity.fingerprint))
            try await store.identity.require(identity, store: directory.path)
            return store
        } catch { throw StoreError.explaining(error, path: directory.path) }
    }
}
