package file

import "errors"

var (
	// ErrNoFiles says that the pattern of a Source matches no file.
	ErrNoFiles = errors.New("file: no file matches")
	// ErrPosition says that a file is not the one that a checkpoint read: it was replaced or cut.
	ErrPosition = errors.New("file: the file does not fit the restored position")
	// ErrRecord says that a record cannot be read, or not be written.
	ErrRecord = errors.New("file: bad record")
	// ErrHeader says that the first row of a file does not name the columns that the records need.
	ErrHeader = errors.New("file: bad header")
	// ErrParts says that part files which a checkpoint promised are not there, or were changed.
	ErrParts = errors.New("file: part files of the restored checkpoint are missing")
)
