/// How files are read as datasets.
public struct DatasetOptions: Sendable {
    /// What files are; without it, each one's content says.
    public var kind: DatasetKind?
    /// What folders are; without it, their content says.
    public var folderKind: FolderKind?
    /// What texts are encoded in; without it, UTF-8, or UTF-16 with a byte order mark.
    public var encoding: TextFileEncoding?
    /// What stands between the entries of lists.
    public var separator = LineStream.Separator.lineBreak
    /// Which columns hold images and captions.
    public var columns = ColumnNames()
    /// Datasets that are read under a name instead of a path, such as those of a catalog.
    public var named: [String: any Dataset] = [:]
    /// Takes what was left out or found to be wrong without the loss of a row.
    public var notes: DatasetNotes?

    /// The usual ones.
    public init() {}
}

/// The forms of datasets that are folders.
public enum FolderKind: String, Sendable, CaseIterable {
    /// `…_imgs.tsv` and `…_texts.jsonl`.
    case chineseClip = "chinese-clip"
    /// `imgs` and `pairs` of each split.
    case lmdb
    /// Images.
    case folder
    /// `img_emb` and `metadata`.
    case clipRetrieval = "clip-retrieval"
}
