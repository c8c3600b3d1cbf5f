internal import Foundation

/// The files of a repository at one commit, as the hub lists them.
struct RepositoryListing {
    /// A file, and what the hub says of its bytes.
    struct File {
        let size: Int?
        let hash: ContentHash?
    }

    /// The commit that the revision stands for, if the hub says.
    let commit: String?
    /// By path inside the repository.
    let files: [String: File]

    static let largest = 1 << 25

    /// Reads the response to `GET /api/models/owner/name/revision/…?blobs=true`.
    init(_ bytes: Data, subject: String) throws(HubError) {
        guard let document = try? JSONDecoder().decode(Document.self, from: bytes) else {
            throw HubError(.untrusted, subject, "the endpoint's list of its files cannot be read; is it a hub?")
        }
        let digits = document.sha.flatMap { ContentHash(digits: $0) }
        commit = if case .gitBlob(let digits) = digits { digits } else { nil }
        var files: [String: File] = [:]
        for sibling in document.siblings ?? [] {
            let size = sibling.lfs?.size ?? sibling.size
            let digits = sibling.lfs == nil ? sibling.blobId : sibling.lfs?.sha256
            files[sibling.rfilename] = File(
                size: size.flatMap { $0 >= 0 ? $0 : nil }, hash: digits.flatMap { ContentHash(digits: $0) })
        }
        self.files = files
    }

    private struct Document: Decodable {
        let sha: String?
        let siblings: [Sibling]?
    }

    private struct Sibling: Decodable {
        struct LargeFile: Decodable {
            let sha256: String?
            let size: Int?
        }
        let rfilename: String
        let size: Int?
        let blobId: String?
        let lfs: LargeFile?
    }
}
